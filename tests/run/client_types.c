/* SPDX-License-Identifier: BSD-2-Clause */
#include "client_types.h"

#include <linux/bpf.h>
#include <string.h>

#include "client.h"

/* Newer than some systems' headers. */
#define KIND_TYPE_TAG 18

void types_word(struct types *types, uint32_t word)
{
	types->word[types->words++] = word;
}

static uint32_t add_name(struct types *types, const char *name)
{
	uint32_t off = types->len;

	if (!name)
		return 0;
	strcpy(types->strings + off, name);
	types->len += (uint32_t)strlen(name) + 1;
	return off;
}

uint32_t types_add(struct types *types, uint32_t kind, const char *name,
		   uint32_t count, uint32_t size)
{
	types_word(types, add_name(types, name));
	types_word(types, kind << 24 | count);
	types_word(types, size);
	return ++types->count;
}

void types_init(struct types *types)
{
	memset(types, 0, sizeof(*types));
	types->len = 1;
	types_add(types, BTF_KIND_INT, "int", 0, 4);
	types_word(types, 32);
}

void types_member(struct types *types, uint32_t type, uint32_t off)
{
	types_word(types, 0);
	types_word(types, type);
	types_word(types, 8 * off);
}

uint32_t types_struct(struct types *types, const char *name, uint32_t size)
{
	return types_add(types, BTF_KIND_STRUCT, name, 0, size);
}

uint32_t types_with(struct types *types, const char *name, uint32_t size,
		    uint32_t type, uint32_t off)
{
	uint32_t id = types_add(types, BTF_KIND_STRUCT, name, 1, size);

	types_member(types, type, off);
	return id;
}

uint32_t types_array(struct types *types, uint32_t type, uint32_t count)
{
	uint32_t id = types_add(types, BTF_KIND_ARRAY, NULL, 0, 0);

	types_word(types, type);
	types_word(types, TYPES_INT);
	types_word(types, count);
	return id;
}

uint32_t types_pointer(struct types *types, const char *tag)
{
	uint32_t id = types_struct(types, "pointed_to", 4);

	id = types_add(types, KIND_TYPE_TAG, tag, 0, id);
	return types_add(types, BTF_KIND_PTR, NULL, 0, id);
}

uint32_t types_data(const struct types *types, uint32_t *data)
{
	uint32_t strings = (types->len + 3) & ~3u;
	struct btf_header header = { .magic = BTF_MAGIC,
				     .version = BTF_VERSION,
				     .hdr_len = sizeof(header),
				     .type_len = 4 * types->words,
				     .str_off = 4 * types->words,
				     .str_len = strings };
	uint32_t at = sizeof(header) / 4;

	memcpy(data, &header, sizeof(header));
	memcpy(data + at, types->word, 4 * types->words);
	memcpy(data + at + types->words, types->strings, strings);
	return at + types->words + strings / 4;
}

int load_data(const uint32_t *data, uint32_t words)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.btf = ptr(data);
	attr.btf_size = 4 * words;
	return bpf_whole(BPF_BTF_LOAD, &attr);
}

int types_load(const struct types *types)
{
	uint32_t data[TYPES_WORDS + 512];

	return load_data(data, types_data(types, data));
}
