/* SPDX-License-Identifier: BSD-2-Clause */
#include "types.h"

#define KEYED(name)                                                            \
	{                                                                      \
		name, "type " name " key 4 value 8 entries 64", "update 1 5\n" \
	}

const struct type types[TYPES] = {
	KEYED("array"),
	KEYED("percpu_array"),
	KEYED("hash"),
	KEYED("percpu_hash"),
	KEYED("lru_hash"),
	KEYED("lru_percpu_hash"),
	{ "lpm_trie",
	  "type lpm_trie key 8 value 8 entries 64 flags no_prealloc",
	  "update 10.0.0.0/8 5\n" },
	{ "queue", "type queue value 8 entries 64", "push 5\n" },
	{ "stack", "type stack value 8 entries 64", "push 5\n" },
	{ "bloom_filter", "type bloom_filter value 8 entries 64", "push 5\n" },
	{ "ringbuf", "type ringbuf entries 4096", NULL },
	{ "user_ringbuf", "type user_ringbuf entries 4096", NULL },
	{ "array_of_maps",
	  "type array_of_maps key 4 value 4 entries 8 inner array",
	  "update 1 array\n" },
	{ "hash_of_maps",
	  "type hash_of_maps key 4 value 4 entries 8 inner array",
	  "update 1 array\n" },
};
