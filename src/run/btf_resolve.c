/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BTF: types in each other.  Each is looked at once, after those that it is
 * made of, so the way down is never longer than BTF_DEPTH_MAX and the work is
 * that of reading the data.
 */
#include <errno.h>

#include "run/btf_type.h"

/*
 * What the way began at: a pointer may lead back to the structure that it is
 * in, but not to itself.
 */
enum way { WAY_OPEN, WAY_POINTER, WAY_WHOLE };

static int visit(struct btf *btf, uint32_t id, enum way way,
		 unsigned int depth);

static bool is_whole(uint32_t kind)
{
	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION ||
	       kind == BTF_KIND_ARRAY;
}

/* A type that another is made of. */
static int follow(struct btf *btf, uint32_t id, enum way way,
		  unsigned int depth)
{
	uint32_t kind = btf_kind(btf, id);

	if (id >= btf->count || kind == BTF_KIND_VAR ||
	    kind == BTF_KIND_DATASEC || kind == KIND_DECL_TAG)
		return -EINVAL;
	if ((way == WAY_POINTER && is_whole(kind)) ||
	    (way == WAY_WHOLE && kind == BTF_KIND_PTR))
		return 0;
	return visit(btf, id, way, depth + 1);
}

/* The type proper that was followed.  Arrays have a size, known or not yet. */
static uint32_t proper(const struct btf *btf, uint32_t id)
{
	return btf->entry[id].proper;
}

static bool is_sized(const struct btf *btf, uint32_t id)
{
	return btf->entry[proper(btf, id)].sized ||
	       btf_kind(btf, proper(btf, id)) == BTF_KIND_ARRAY;
}

/* A pointer or a name. */
static int check_reference(const struct btf *btf, uint32_t to)
{
	uint32_t kind = btf_kind(btf, proper(btf, to));

	return is_sized(btf, to) || kind == BTF_KIND_UNKN ||
			       kind == BTF_KIND_FWD ||
			       kind == BTF_KIND_FUNC_PROTO ?
		       0 :
		       -EINVAL;
}

/* The bits of an integer such as C has, else 0; its size may be larger. */
static uint32_t regular_bits(const struct btf *btf, uint32_t id)
{
	uint32_t word, bits;

	btf_more(btf, id, 0, &word, sizeof(word));
	bits = BTF_INT_BITS(word);
	return BTF_INT_OFFSET(word) || bits & (bits - 1) || bits < 8 ? 0 : bits;
}

static int visit_array(struct btf *btf, uint32_t id, enum way way,
		       unsigned int depth)
{
	struct btf_array array = btf_array_at(btf, id);
	struct btf_entry *entry = &btf->entry[id];
	uint32_t element, index;
	uint64_t size;
	int err = follow(btf, array.index_type, way, depth);

	if (!err)
		err = follow(btf, array.type, way, depth);
	if (err)
		return err;
	index = proper(btf, array.index_type);
	element = proper(btf, array.type);
	if (btf_kind(btf, index) != BTF_KIND_INT || !regular_bits(btf, index) ||
	    !is_sized(btf, element) ||
	    (btf_kind(btf, element) == BTF_KIND_INT &&
	     !regular_bits(btf, element)))
		return -EINVAL;
	size = (uint64_t)array.nelems * btf->entry[element].size;
	if (size > UINT32_MAX)
		return -EINVAL;
	entry->size = (uint32_t)size;
	entry->sized = true;
	return 0;
}

/* The bits of a part of a structure by its type; 'field' if it is narrower. */
static int part_bits(const struct btf *btf, uint32_t id, bool kflag,
		     uint32_t field, uint64_t *bits)
{
	uint32_t kind = btf_kind(btf, id);
	uint32_t word;

	*bits = 8ull * btf->entry[id].size;
	if (kind == BTF_KIND_INT && kflag)
		*bits = regular_bits(btf, id);
	if (kind == BTF_KIND_INT && !kflag) {
		btf_more(btf, id, 0, &word, sizeof(word));
		*bits = BTF_INT_OFFSET(word) + BTF_INT_BITS(word);
	}
	if (!field)
		return *bits || kind != BTF_KIND_INT || !kflag ? 0 : -EINVAL;
	if ((kind != BTF_KIND_INT && kind != BTF_KIND_ENUM) || field > *bits)
		return -EINVAL;
	*bits = field;
	return 0;
}

static int check_member(const struct btf *btf, const struct btf_type *type,
			uint32_t offset, uint32_t id)
{
	bool kflag = BTF_INFO_KFLAG(type->info);
	uint32_t field = kflag ? BTF_MEMBER_BITFIELD_SIZE(offset) : 0;
	uint32_t off = kflag ? BTF_MEMBER_BIT_OFFSET(offset) : offset;
	uint64_t bits;
	int err = part_bits(btf, id, kflag, field, &bits);

	if (err)
		return err;
	/* Older compilers have narrow integers for bit-fields. */
	if (off % 8 && !field && (kflag || btf_kind(btf, id) != BTF_KIND_INT))
		return -EINVAL;
	return off + bits > 8ull * type->size ? -EINVAL : 0;
}

static int visit_members(struct btf *btf, uint32_t id, enum way way,
			 unsigned int depth)
{
	struct btf_type type = btf_type_at(btf, id);
	struct btf_member member;
	uint32_t i;
	int err = 0;

	for (i = 0; !err && i < BTF_INFO_VLEN(type.info); i++) {
		member = btf_member_at(btf, id, i);
		err = follow(btf, member.type, way, depth);
		if (err)
			return err;
		if (!is_sized(btf, member.type))
			return -EINVAL;
		err = check_member(btf, &type, member.offset,
				   proper(btf, member.type));
	}
	return err;
}

static int visit_section(struct btf *btf, uint32_t id, unsigned int depth)
{
	struct btf_type type = btf_type_at(btf, id);
	struct btf_var_secinfo var;
	uint32_t i;
	int err;

	for (i = 0; i < BTF_INFO_VLEN(type.info); i++) {
		var = btf_section_at(btf, id, i);
		if (btf_kind(btf, var.type) != BTF_KIND_VAR)
			return -EINVAL;
		err = visit(btf, var.type, WAY_OPEN, depth + 1);
		if (err)
			return err;
		if (btf->entry[proper(btf, var.type)].size > var.size)
			return -EINVAL;
	}
	return 0;
}

/* Of no use to maps; but ids are ids. */
static int visit_function(const struct btf *btf, uint32_t id)
{
	struct btf_type type = btf_type_at(btf, id);
	struct btf_param param;
	uint32_t i;

	if (type.type >= btf->count)
		return -EINVAL;
	if (BTF_INFO_KIND(type.info) == BTF_KIND_FUNC)
		return btf_kind(btf, type.type) == BTF_KIND_FUNC_PROTO ?
			       0 :
			       -EINVAL;
	for (i = 0; i < BTF_INFO_VLEN(type.info); i++) {
		btf_more(btf, id, i * sizeof(param), &param, sizeof(param));
		if (param.type >= btf->count ||
		    param.name_off >= btf->strings_len)
			return -EINVAL;
	}
	return 0;
}

/* What can be tagged, and how many parts of it. */
static int visit_tag(const struct btf *btf, uint32_t id)
{
	struct btf_type type = btf_type_at(btf, id);
	uint32_t kind = btf_kind(btf, type.type);
	int32_t part;
	uint32_t parts = 0;

	btf_more(btf, id, 0, &part, sizeof(part));
	if (kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION) {
		type = btf_type_at(btf, type.type);
		parts = BTF_INFO_VLEN(type.info);
	} else if (kind == BTF_KIND_FUNC) {
		type = btf_type_at(btf, type.type);
		if (btf_kind(btf, type.type) != BTF_KIND_FUNC_PROTO)
			return -EINVAL;
		type = btf_type_at(btf, type.type);
		parts = BTF_INFO_VLEN(type.info);
	} else if (kind != BTF_KIND_VAR && kind != BTF_KIND_TYPEDEF) {
		return -EINVAL;
	}
	return part >= -1 && part < (int32_t)parts ? 0 : -EINVAL;
}

static int visit_reference(struct btf *btf, uint32_t id, enum way way,
			   unsigned int depth)
{
	struct btf_type type = btf_type_at(btf, id);
	uint32_t kind = BTF_INFO_KIND(type.info);
	int err = follow(btf, type.type, way, depth);

	if (!err)
		err = check_reference(btf, type.type);
	if (!err && kind == BTF_KIND_VAR && !is_sized(btf, type.type))
		err = -EINVAL;
	if (!err && kind != BTF_KIND_PTR)
		btf->entry[id].proper = proper(btf, type.type);
	return err;
}

static int visit_kind(struct btf *btf, uint32_t id, enum way way,
		      unsigned int depth)
{
	uint32_t kind = btf_kind(btf, id);

	if (way == WAY_OPEN && is_whole(kind))
		way = WAY_WHOLE;
	if (way == WAY_OPEN && kind == BTF_KIND_PTR)
		way = WAY_POINTER;
	switch (kind) {
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case KIND_TYPE_TAG:
	case BTF_KIND_VAR:
		return visit_reference(btf, id, way, depth);
	case BTF_KIND_ARRAY:
		return visit_array(btf, id, way, depth);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return visit_members(btf, id, way, depth);
	case BTF_KIND_DATASEC:
		return visit_section(btf, id, depth);
	case BTF_KIND_FUNC:
	case BTF_KIND_FUNC_PROTO:
		return visit_function(btf, id);
	case KIND_DECL_TAG:
		return visit_tag(btf, id);
	default:
		return 0;
	}
}

static int visit(struct btf *btf, uint32_t id, enum way way, unsigned int depth)
{
	struct btf_entry *entry = &btf->entry[id];
	int err;

	if (entry->done)
		return 0;
	if (entry->open)
		return -EEXIST;
	if (depth >= BTF_DEPTH_MAX)
		return -E2BIG;
	entry->open = true;
	err = visit_kind(btf, id, way, depth);
	entry->open = false;
	entry->done = !err;
	return err;
}

int btf_resolve(struct btf *btf)
{
	uint32_t id;
	int err = 0;

	btf->entry[0].done = true;
	for (id = 1; !err && id < btf->count; id++)
		err = visit(btf, id, WAY_OPEN, 0);
	return err;
}

bool btf_size(const struct btf *btf, uint32_t *id, uint32_t *size)
{
	uint32_t kind = btf_kind(btf, *id);

	/* Not void, however it is called. */
	if (kind == BTF_KIND_UNKN || !btf->entry[proper(btf, *id)].sized)
		return false;
	*id = proper(btf, *id);
	*size = btf->entry[*id].size;
	return true;
}

bool btf_is_i32(const struct btf *btf, uint32_t id)
{
	return btf_kind(btf, id) == BTF_KIND_INT && btf->entry[id].size == 4 &&
	       regular_bits(btf, id) == 32;
}
