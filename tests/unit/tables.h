/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hashes for the unit tests: keys are uint32_t, a value is 8 bytes (of each
 * CPU) that belong to its key.
 */
#ifndef UNIT_TABLES_H
#define UNIT_TABLES_H

#include "unit.h"

#define HASH		BPF_MAP_TYPE_HASH
#define PERCPU_HASH	BPF_MAP_TYPE_PERCPU_HASH
#define LRU_HASH	BPF_MAP_TYPE_LRU_HASH
#define LRU_PERCPU_HASH BPF_MAP_TYPE_LRU_PERCPU_HASH

/* Loops: all four types, the two that are full at some time before the LRUs. */
#define TABLES 4

extern const uint32_t table_types[TABLES];

struct map *table_open(int i, uint32_t max_entries, uint32_t map_flags);

/* The key's value; another call changes it. */
uint64_t *table_value(uint32_t key);
int table_put(struct map *map, uint32_t key, uint64_t flags);
void table_fill(struct map *map, uint32_t first, uint32_t count);
int table_delete(struct map *map, uint32_t key);

/* Is the key there?  With another one's value it must not be. */
bool table_has(struct map *map, uint32_t key);
/* How many of the keys from 'first' on are there. */
uint32_t table_count(struct map *map, uint32_t first, uint32_t count);

/* The keys in the order of get_next_key; how many, up to 'room'. */
uint32_t table_keys(struct map *map, uint32_t *keys, uint32_t room);

/* Everything is as it should be, with so many elements. */
void table_assert(struct map *map, uint32_t elements);

int table_fd(struct map *map);
/* map_attach that must succeed, and one that must fail and leave nothing. */
struct map *table_attach(struct map *map, int prot);
void table_assert_refused(int fd, int prot, int err);

/* Let this thread run on one CPU only.  False where that cannot be. */
bool table_pin(uint32_t cpu);

#endif
