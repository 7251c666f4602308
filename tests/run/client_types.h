/* SPDX-License-Identifier: BSD-2-Clause */
/* BTF by hand. */
#ifndef RUN_CLIENT_TYPES_H
#define RUN_CLIENT_TYPES_H

#include <linux/btf.h>
#include <stdint.h>

#define TYPES_WORDS 512

struct types {
	uint32_t words;
	uint32_t count; /* types */
	uint32_t word[TYPES_WORDS];
	uint32_t len;
	char strings[1024];
};

/* An integer of 4 bytes, which is type 1. */
#define TYPES_INT 1u

void types_init(struct types *types);

/* A type, whose number is returned; 'size' may be the number of another. */
uint32_t types_add(struct types *types, uint32_t kind, const char *name,
		   uint32_t count, uint32_t size);
void types_word(struct types *types, uint32_t word);

/* The next member of the structure that was added last, at a byte. */
void types_member(struct types *types, uint32_t type, uint32_t off);

/* A structure of 'size' bytes without members. */
uint32_t types_struct(struct types *types, const char *name, uint32_t size);

/* One with one member. */
uint32_t types_with(struct types *types, const char *name, uint32_t size,
		    uint32_t type, uint32_t off);
uint32_t types_array(struct types *types, uint32_t type, uint32_t count);

/* A pointer to a structure, with a tag. */
uint32_t types_pointer(struct types *types, const char *tag);

/* All of it, in words: how many. */
uint32_t types_data(const struct types *types, uint32_t *data);

/* BTF_LOAD of 'words' words, and of the types. */
int load_data(const uint32_t *data, uint32_t words);
int types_load(const struct types *types);

#endif
