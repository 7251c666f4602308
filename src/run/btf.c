/* SPDX-License-Identifier: BSD-2-Clause */
/* BTF: the header, and each type by itself. */
#include "run/btf.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "run/btf_type.h"
#include "run/run.h"

/* As in the kernel. */
#define TYPES_MAX   0xfffffu
#define NAME_BYTES  512u
#define STRINGS_MAX (0xffffffu + 1)
#define INFO_MASK   0x9f00ffffu

/* The header as it was first, which newer systems' begins with. */
#define HEADER (offsetof(struct btf_header, str_len) + sizeof(uint32_t))

#define KINDS  (KIND_ENUM64 + 1)

enum name_rule {
	NAME_NONE,
	NAME_ANY,
	NAME_SOME,
	NAME_MAY,
	NAME_IS,
	NAME_SECTION
};

struct kind {
	bool known;
	bool many;  /* vlen counts what follows */
	bool kflag; /* may be set */
	enum name_rule name;
	uint32_t more; /* bytes that follow */
	uint32_t each; /* bytes of each of many */
};

static const struct kind kinds[KINDS] = {
	[BTF_KIND_INT] = { true, false, false, NAME_ANY, 4, 0 },
	[BTF_KIND_PTR] = { true, false, false, NAME_NONE, 0, 0 },
	[BTF_KIND_ARRAY] = { true, false, false, NAME_NONE, 12, 0 },
	[BTF_KIND_STRUCT] = { true, true, true, NAME_MAY, 0, 12 },
	[BTF_KIND_UNION] = { true, true, true, NAME_MAY, 0, 12 },
	[BTF_KIND_ENUM] = { true, true, true, NAME_MAY, 0, 8 },
	[BTF_KIND_FWD] = { true, false, true, NAME_IS, 0, 0 },
	[BTF_KIND_TYPEDEF] = { true, false, false, NAME_IS, 0, 0 },
	[BTF_KIND_VOLATILE] = { true, false, false, NAME_NONE, 0, 0 },
	[BTF_KIND_CONST] = { true, false, false, NAME_NONE, 0, 0 },
	[BTF_KIND_RESTRICT] = { true, false, false, NAME_NONE, 0, 0 },
	[BTF_KIND_FUNC] = { true, true, false, NAME_IS, 0, 0 },
	[BTF_KIND_FUNC_PROTO] = { true, true, false, NAME_NONE, 0, 8 },
	[BTF_KIND_VAR] = { true, false, false, NAME_IS, 4, 0 },
	[BTF_KIND_DATASEC] = { true, true, false, NAME_SECTION, 0, 12 },
	[BTF_KIND_FLOAT] = { true, false, false, NAME_ANY, 0, 0 },
	[KIND_DECL_TAG] = { true, false, true, NAME_SOME, 4, 0 },
	[KIND_TYPE_TAG] = { true, false, true, NAME_SOME, 0, 0 },
	[KIND_ENUM64] = { true, true, true, NAME_MAY, 0, 12 },
};

struct btf_type btf_type_at(const struct btf *btf, uint32_t id)
{
	struct btf_type type = { 0 };

	if (id)
		memcpy(&type, btf->data + btf->entry[id].at, sizeof(type));
	return type;
}

void btf_more(const struct btf *btf, uint32_t id, size_t off, void *more,
	      size_t n)
{
	memcpy(more,
	       btf->data + btf->entry[id].at + sizeof(struct btf_type) + off,
	       n);
}

struct btf_member btf_member_at(const struct btf *btf, uint32_t id, uint32_t n)
{
	struct btf_member member;

	btf_more(btf, id, n * sizeof(member), &member, sizeof(member));
	return member;
}

struct btf_var_secinfo btf_section_at(const struct btf *btf, uint32_t id,
				      uint32_t n)
{
	struct btf_var_secinfo section;

	btf_more(btf, id, n * sizeof(section), &section, sizeof(section));
	return section;
}

struct btf_array btf_array_at(const struct btf *btf, uint32_t id)
{
	struct btf_array array;

	btf_more(btf, id, 0, &array, sizeof(array));
	return array;
}

uint32_t btf_kind(const struct btf *btf, uint32_t id)
{
	struct btf_type type;

	if (id >= btf->count)
		return BTF_KIND_UNKN;
	type = btf_type_at(btf, id);
	return BTF_INFO_KIND(type.info);
}

/* ------------------------------------------------------------------ names */

/* The kernel's letters are those of Latin-1. */
static bool is_letter(unsigned char c)
{
	return isalpha(c) || c == '_' || c == '.' ||
	       (c >= 0xc0 && c != 0xd7 && c != 0xf7);
}

static bool is_identifier(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++)
		if (!is_letter((unsigned char)name[i]) &&
		    (!i || !isdigit((unsigned char)name[i])))
			return false;
	return i && i < NAME_BYTES;
}

static bool is_section(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++)
		if (!isprint((unsigned char)name[i]) &&
		    (unsigned char)name[i] < 0xa0)
			return false;
	return i && i < NAME_BYTES;
}

static bool name_fits(const struct btf *btf, enum name_rule rule, uint32_t off)
{
	if (off >= btf->strings_len)
		return false;
	switch (rule) {
	case NAME_NONE:
		return !off;
	case NAME_SOME:
		return *btf_name(btf, off);
	case NAME_MAY:
		return !off || is_identifier(btf_name(btf, off));
	case NAME_IS:
		return is_identifier(btf_name(btf, off));
	case NAME_SECTION:
		return is_section(btf_name(btf, off));
	default:
		return true;
	}
}

/* ------------------------------------------------------ a type by itself */

static int check_int(const struct btf *btf, uint32_t id,
		     const struct btf_type *type)
{
	uint32_t word, bits, encoding;

	btf_more(btf, id, 0, &word, sizeof(word));
	bits = BTF_INT_BITS(word) + BTF_INT_OFFSET(word);
	encoding = BTF_INT_ENCODING(word);
	if (word & 0xf0000000u || bits > 128 || (bits + 7) / 8 > type->size)
		return -EINVAL;
	return encoding & (encoding - 1) || encoding > BTF_INT_BOOL ?
		       -ENOTSUPP :
		       0;
}

static int check_members(const struct btf *btf, uint32_t id,
			 const struct btf_type *type)
{
	bool is_union = BTF_INFO_KIND(type->info) == BTF_KIND_UNION;
	bool kflag = BTF_INFO_KFLAG(type->info);
	uint32_t last = 0, off, i;

	for (i = 0; i < BTF_INFO_VLEN(type->info); i++) {
		struct btf_member member = btf_member_at(btf, id, i);

		off = kflag ? BTF_MEMBER_BIT_OFFSET(member.offset) :
			      member.offset;
		if (!name_fits(btf, NAME_MAY, member.name_off) ||
		    !member.type || (is_union && off) || off < last ||
		    (off + 7ull) / 8 > type->size)
			return -EINVAL;
		last = off;
	}
	return 0;
}

static int check_enum(const struct btf *btf, uint32_t id,
		      const struct btf_type *type)
{
	uint32_t each = kinds[BTF_INFO_KIND(type->info)].each;
	uint32_t name, i;

	if (type->size > 8 || !type->size || type->size & (type->size - 1))
		return -EINVAL;
	for (i = 0; i < BTF_INFO_VLEN(type->info); i++) {
		btf_more(btf, id, (size_t)i * each, &name, sizeof(name));
		if (!name_fits(btf, NAME_IS, name))
			return -EINVAL;
	}
	return 0;
}

static int check_sections(const struct btf *btf, uint32_t id,
			  const struct btf_type *type)
{
	uint64_t end = 0;
	uint32_t i;

	if (!type->size)
		return -EINVAL;
	for (i = 0; i < BTF_INFO_VLEN(type->info); i++) {
		struct btf_var_secinfo var = btf_section_at(btf, id, i);

		if (!var.type || var.offset < end || !var.size ||
		    (uint64_t)var.offset + var.size > type->size)
			return -EINVAL;
		end = (uint64_t)var.offset + var.size;
	}
	return 0;
}

static int check_word(const struct btf *btf, uint32_t id, uint32_t max)
{
	uint32_t word;

	btf_more(btf, id, 0, &word, sizeof(word));
	return word > max ? -EINVAL : 0;
}

static int check_type(const struct btf *btf, uint32_t id)
{
	struct btf_type type = btf_type_at(btf, id);
	uint32_t kind = BTF_INFO_KIND(type.info);

	switch (kind) {
	case BTF_KIND_INT:
		return check_int(btf, id, &type);
	case BTF_KIND_ARRAY:
	case BTF_KIND_FWD:
		return type.size ? -EINVAL : 0;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return check_members(btf, id, &type);
	case BTF_KIND_ENUM:
	case KIND_ENUM64:
		return check_enum(btf, id, &type);
	case BTF_KIND_FUNC:
		return BTF_INFO_VLEN(type.info) > BTF_FUNC_EXTERN ? -EINVAL : 0;
	case BTF_KIND_VAR:
		return check_word(btf, id, BTF_VAR_GLOBAL_ALLOCATED);
	case BTF_KIND_DATASEC:
		return check_sections(btf, id, &type);
	case BTF_KIND_FLOAT:
		return type.size == 2 || type.size == 4 || type.size == 8 ||
				       type.size == 12 || type.size == 16 ?
			       0 :
			       -EINVAL;
	default:
		return 0;
	}
}

/* -------------------------------------------------------------- all types */

static bool has_size(uint32_t kind)
{
	return kind == BTF_KIND_INT || kind == BTF_KIND_STRUCT ||
	       kind == BTF_KIND_UNION || kind == BTF_KIND_ENUM ||
	       kind == KIND_ENUM64 || kind == BTF_KIND_FLOAT ||
	       kind == BTF_KIND_DATASEC || kind == BTF_KIND_PTR;
}

static int add_entry(struct btf *btf, uint32_t *room, uint32_t at)
{
	uint32_t more = *room ? 2 * *room : 64;
	struct btf_entry *entry = btf->entry;

	if (btf->count > TYPES_MAX)
		return -E2BIG;
	if (btf->count == *room) {
		entry = reallocarray(entry, more, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		btf->entry = entry;
		*room = more;
	}
	entry[btf->count] =
		(struct btf_entry){ .at = at, .proper = btf->count };
	btf->count++;
	return 0;
}

/* The type at 'at', of which there are 'left' bytes; its bytes or an errno. */
static int64_t add_type(struct btf *btf, uint32_t *room, uint32_t at,
			uint32_t left)
{
	const struct kind *kind;
	struct btf_type type;
	uint64_t bytes;
	uint32_t id = btf->count;
	int err;

	if (left < sizeof(type))
		return -EINVAL;
	memcpy(&type, btf->data + at, sizeof(type));
	if (type.info & ~INFO_MASK || BTF_INFO_KIND(type.info) >= KINDS)
		return -EINVAL;
	kind = &kinds[BTF_INFO_KIND(type.info)];
	bytes = sizeof(type) + kind->more +
		(uint64_t)kind->each * BTF_INFO_VLEN(type.info);
	if (!kind->known || bytes > left ||
	    (!kind->many && BTF_INFO_VLEN(type.info)) ||
	    (!kind->kflag && BTF_INFO_KFLAG(type.info)) ||
	    !name_fits(btf, kind->name, type.name_off))
		return -EINVAL;
	err = add_entry(btf, room, at);
	if (!err)
		err = check_type(btf, id);
	if (err)
		return err;
	btf->entry[id].sized = has_size(BTF_INFO_KIND(type.info));
	btf->entry[id].size = BTF_INFO_KIND(type.info) == BTF_KIND_PTR ?
				      sizeof(void *) :
				      type.size;
	return (int64_t)bytes;
}

static int add_types(struct btf *btf, uint32_t at, uint32_t len)
{
	uint32_t room = 0;
	int64_t bytes;
	int err = add_entry(btf, &room, 0);

	while (!err && len) {
		bytes = add_type(btf, &room, at, len);
		if (bytes < 0)
			return (int)bytes;
		at += (uint32_t)bytes;
		len -= (uint32_t)bytes;
	}
	return err;
}

/* ----------------------------------------------------------------- header */

/* What is behind the members that we know must be zero. */
static int read_header(const unsigned char *data, uint32_t size,
		       struct btf_header *header)
{
	uint32_t i;

	if (size < offsetof(struct btf_header, type_off))
		return -EINVAL;
	memset(header, 0, sizeof(*header));
	memcpy(header, data, size < HEADER ? size : HEADER);
	if (size < header->hdr_len)
		return -EINVAL;
	for (i = HEADER; i < header->hdr_len; i++)
		if (data[i])
			return -E2BIG;
	if (header->hdr_len < HEADER)
		memset((unsigned char *)header + header->hdr_len, 0,
		       HEADER - header->hdr_len);
	if (header->magic != BTF_MAGIC)
		return -EINVAL;
	if (header->version != BTF_VERSION || header->flags)
		return -ENOTSUPP;
	return size == header->hdr_len ? -EINVAL : 0;
}

/* Types and strings fill what is behind the header, strings last. */
static int check_layout(const unsigned char *data, uint32_t size,
			const struct btf_header *header)
{
	uint64_t left = size - header->hdr_len;
	const unsigned char *strings = data + header->hdr_len + header->str_off;

	if (header->type_off || header->str_off != header->type_len ||
	    (uint64_t)header->str_off + header->str_len != left ||
	    !header->str_len || header->str_len > STRINGS_MAX || strings[0] ||
	    strings[header->str_len - 1] || !header->type_len)
		return -EINVAL;
	return 0;
}

int btf_new(const void *data, uint32_t size, struct btf **btfp)
{
	struct btf_header header;
	struct btf *btf;
	int err = read_header(data, size, &header);

	if (!err)
		err = check_layout(data, size, &header);
	if (err)
		return err;
	btf = calloc(1, sizeof(*btf));
	if (!btf)
		return -ENOMEM;
	btf->data = data;
	btf->strings = (const char *)data + header.hdr_len + header.str_off;
	btf->strings_len = header.str_len;
	err = add_types(btf, header.hdr_len, header.type_len);
	if (!err)
		err = btf_resolve(btf);
	if (!err)
		err = btf_check_fields(btf);
	if (!err)
		*btfp = btf;
	else
		btf_free(btf);
	return err;
}

void btf_free(struct btf *btf)
{
	if (btf)
		free(btf->entry);
	free(btf);
}
