/* SPDX-License-Identifier: BSD-2-Clause */
#include "elems.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

const struct shape shapes[SHAPES] = {
	{ "hash", BPF_MAP_TYPE_HASH, 0 },
	{ "percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, 0 },
	{ "lru_hash", BPF_MAP_TYPE_LRU_HASH, 0 },
	{ "lru_percpu_hash", BPF_MAP_TYPE_LRU_PERCPU_HASH, 0 },
	{ "lru_hash of each CPU", BPF_MAP_TYPE_LRU_HASH, BPF_F_NO_COMMON_LRU },
	{ "lpm_trie", BPF_MAP_TYPE_LPM_TRIE, BPF_F_NO_PREALLOC },
};

struct map *shape_map(const struct shape *shape, uint32_t key_size,
		      uint32_t value_size, uint32_t max_entries)
{
	struct map_attr attr = {
		.map_type = shape->map_type,
		.key_size = key_size,
		.value_size = value_size,
		.max_entries = max_entries,
		.map_flags = shape->map_flags,
	};
	struct charge charge = { 0 };
	struct map *map;
	int err = map_create(&attr, &charge, NULL, &map);

	if (!err)
		return map;
	complain("%s of %u: map_create: %d", shape->name, max_entries, err);
	return NULL;
}

void put_map(struct map *map)
{
	if (map)
		map_put_now(map);
}

bool map_evicts(const struct map *map)
{
	return map->map_type == BPF_MAP_TYPE_LRU_HASH ||
	       map->map_type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool has_prefixes(const struct map *map)
{
	return map->ops->flags & MAP_PREFIXES;
}

int map_full_errno(const struct map *map)
{
	return has_prefixes(map) ? -ENOSPC : -E2BIG;
}

static cpu_set_t usable;

static void read_usable(void)
{
	if (!CPU_COUNT(&usable))
		sched_getaffinity(0, sizeof(usable), &usable);
}

uint32_t cpus_usable(void)
{
	read_usable();
	return (uint32_t)CPU_COUNT(&usable);
}

void cpu_pin(uint32_t nth)
{
	cpu_set_t one;
	uint32_t cpu;

	read_usable();
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &usable) && !nth--)
			break;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

void cpu_unpin(void)
{
	read_usable();
	sched_setaffinity(0, sizeof(usable), &usable);
}

static uint64_t word_of(uint64_t number, uint64_t nonce, uint32_t n)
{
	struct rng rng = { number << 32 ^ nonce << 8 ^ n };

	return rng_next(&rng);
}

/*
 * The number, then words that follow from it; of a prefix, which has no other
 * inside, behind the length.
 */
void key_make(const struct map *map, uint32_t number, void *key)
{
	uint32_t length = 8 * (map->key_size - 4);
	uint32_t word = number;
	uint32_t i = has_prefixes(map);

	memcpy(key, &length, 4);
	for (; i < map->key_size / 4; i++) {
		memcpy((char *)key + 4 * i, &word, 4);
		word = (uint32_t)word_of(number, 0, i);
	}
}

bool key_read(const struct map *map, const void *key, uint32_t *number)
{
	uint32_t first = has_prefixes(map);
	uint32_t word, is, i;

	memcpy(&is, key, 4);
	if (first && is != 8 * (map->key_size - 4))
		return false;
	memcpy(number, (const char *)key + 4 * first, 4);
	for (i = first + 1; i < map->key_size / 4; i++) {
		word = (uint32_t)word_of(*number, 0, i - 1);
		memcpy(&is, (const char *)key + 4 * i, 4);
		if (is != word)
			return false;
	}
	return true;
}

/* The nonce and half a word, then whole ones. */
void slot_make(const struct map *map, uint32_t number, uint32_t nonce,
	       void *slot)
{
	uint64_t word = nonce | word_of(number, nonce, 0) << 32;
	uint32_t i;

	for (i = 0; i < map->value_size / 8; i++) {
		memcpy((char *)slot + 8 * i, &word, 8);
		word = word_of(number, nonce, i + 1);
	}
}

uint32_t slot_read(const struct map *map, uint32_t number, const void *slot)
{
	uint64_t word, is;
	uint32_t nonce, i;

	memcpy(&nonce, slot, 4);
	word = nonce | word_of(number, nonce, 0) << 32;
	for (i = 0; i < map->value_size / 8; i++) {
		memcpy(&is, (const char *)slot + 8 * i, 8);
		if (is != word)
			return 0;
		word = word_of(number, nonce, i + 1);
	}
	return nonce;
}

void value_make(const struct map *map, uint32_t number, uint32_t nonce,
		void *value)
{
	size_t slot = map_slot_bytes(map);
	uint32_t i;

	slot_make(map, number, nonce, value);
	for (i = 1; i < map_value_slots(map); i++)
		memcpy((char *)value + i * slot, value, slot);
}

uint32_t value_read(const struct map *map, uint32_t number, const void *value)
{
	size_t slot = map_slot_bytes(map);
	uint32_t i;

	for (i = 1; i < map_value_slots(map); i++)
		if (memcmp((const char *)value + i * slot, value, slot) != 0)
			return 0;
	return slot_read(map, number, value);
}

bool is_zero(const void *bytes, size_t len)
{
	const char *byte = bytes;

	return !*byte && memcmp(byte, byte + 1, len - 1) == 0;
}

bool value_is_possible(const struct map *map, uint32_t number,
		       const void *value)
{
	uint32_t slots = map_value_slots(map);
	const char *slot = value;
	uint32_t zero = 0;
	uint32_t i;

	for (i = 0; i < slots; i++, slot += map_slot_bytes(map)) {
		if (is_zero(slot, map->value_size))
			zero++;
		else if (!slot_read(map, number, slot))
			return false;
	}
	return zero < slots;
}

/* A key and a value; the value is large. */
struct elem {
	unsigned char key[64];
	unsigned char *value;
};

static void elem_init(struct elem *elem, const struct map *map, uint32_t number)
{
	key_make(map, number, elem->key);
	elem->value = need(map_value_bytes(map));
}

int elem_update(struct map *map, uint32_t number, uint32_t nonce,
		uint64_t flags)
{
	struct elem elem;
	int err;

	elem_init(&elem, map, number);
	value_make(map, number, nonce, elem.value);
	err = map_update_elem(map, elem.key, elem.value, flags);
	free(elem.value);
	return err;
}

int elem_lookup(struct map *map, uint32_t number, uint32_t *nonce)
{
	struct elem elem;
	int err;

	elem_init(&elem, map, number);
	err = map_lookup_elem_sys_only(map, elem.key, elem.value);
	if (!err)
		*nonce = value_read(map, number, elem.value);
	free(elem.value);
	return err;
}

int elem_delete(struct map *map, uint32_t number)
{
	unsigned char key[64];

	key_make(map, number, key);
	return map_delete_elem(map, key);
}
