/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps to test, and elements that can be told from all others: a key is made
 * of a number, a value of its key's number and a nonce, every word of it.  So
 * a value that belongs to another key, or is made of two, is seen.
 */
#ifndef DEATH_ELEMS_H
#define DEATH_ELEMS_H

#include "core/map.h"

/* The kinds of tables. */
struct shape {
	const char *name;
	uint32_t map_type;
	uint32_t map_flags;
};

#define SHAPES 6
/* The first TYPES of them have a type of their own and no flags. */
#define TYPES 4
extern const struct shape shapes[SHAPES];

/*
 * A map of that shape; key_size a multiple of 4, value_size one of 8.  NULL,
 * and a complaint, where there can be none.
 */
struct map *shape_map(const struct shape *shape, uint32_t key_size,
		      uint32_t value_size, uint32_t max_entries);
/* Put a map, which may be NULL, without leaving a thread. */
void put_map(struct map *map);

/* Can an element go without anybody deleting it? */
bool map_evicts(const struct map *map);
/* What an insertion gives where there is no room. */
int map_full_errno(const struct map *map);

/* CPUs that this thread may run on, and to run on one of them alone. */
uint32_t cpus_usable(void);
void cpu_pin(uint32_t nth);
void cpu_unpin(void);

void key_make(const struct map *map, uint32_t number, void *key);
/* Which number the key is made of; false if of none. */
bool key_read(const struct map *map, const void *key, uint32_t *number);

/* A slot is value_size bytes, a value all slots.  nonce is not 0. */
void slot_make(const struct map *map, uint32_t number, uint32_t nonce,
	       void *slot);
uint32_t slot_read(const struct map *map, uint32_t number, const void *slot);
void value_make(const struct map *map, uint32_t number, uint32_t nonce,
		void *value);
/* The nonce; 0 if no value_make for this key made it. */
uint32_t value_read(const struct map *map, uint32_t number, const void *value);
/* Can it be that key's?  Slots that were stored one by one may differ. */
bool value_is_possible(const struct map *map, uint32_t number,
		       const void *value);
bool is_zero(const void *bytes, size_t len);

/* The same by number, with buffers of their own: 0 or an errno. */
int elem_update(struct map *map, uint32_t number, uint32_t nonce,
		uint64_t flags);
/* *nonce is 0 for a value that is wrong. */
int elem_lookup(struct map *map, uint32_t number, uint32_t *nonce);
int elem_delete(struct map *map, uint32_t number);

#endif
