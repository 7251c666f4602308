/* SPDX-License-Identifier: BSD-2-Clause */
/* Hashes for the unit tests, see tables.h. */
#include "tables.h"

#include <errno.h>
#include <sched.h>

#include "core/topology.h"

const uint32_t table_types[] = {
	HASH,
	PERCPU_HASH,
	LRU_HASH,
	LRU_PERCPU_HASH,
};

struct map *table_open(int i, uint32_t max_entries, uint32_t map_flags)
{
	return unit_map(table_types[i], 8, max_entries, map_flags);
}

uint64_t *table_value(uint32_t key)
{
	static uint64_t slots[MAP_CPUS_MAX];
	uint32_t cpu;

	for (cpu = 0; cpu < topology_cpus(); cpu++)
		slots[cpu] = (key + 1ull) * 0x100000001 + ((uint64_t)cpu << 48);
	return slots;
}

int table_put(struct map *map, uint32_t key, uint64_t flags)
{
	return unit_update(map, key, table_value(key), flags);
}

void table_fill(struct map *map, uint32_t first, uint32_t count)
{
	for (; count; first++, count--)
		ck_assert_int_eq(table_put(map, first, BPF_NOEXIST), 0);
}

int table_delete(struct map *map, uint32_t key)
{
	return map_delete_elem(map, &key);
}

bool table_has(struct map *map, uint32_t key)
{
	uint64_t value[MAP_CPUS_MAX];
	int err = unit_lookup(map, key, value);

	if (!err)
		ck_assert_mem_eq(value, table_value(key), map_value_bytes(map));
	else
		ck_assert_int_eq(err, -ENOENT);
	return !err;
}

uint32_t table_count(struct map *map, uint32_t first, uint32_t count)
{
	uint32_t there = 0;

	for (; count; first++, count--)
		there += table_has(map, first);
	return there;
}

uint32_t table_keys(struct map *map, uint32_t *keys, uint32_t room)
{
	uint32_t count = 0;
	uint32_t key;
	int err = map_get_next_key(map, NULL, &key);

	while (!err && count < room) {
		keys[count++] = key;
		err = map_get_next_key(map, &key, &key);
	}
	ck_assert_int_eq(err, -ENOENT);
	return count;
}

void table_assert(struct map *map, uint32_t elements)
{
	struct map_census census;

	ck_assert_msg(!map_check(map, &census), "%s", census.wrong);
	ck_assert_ptr_null(census.wrong);
	ck_assert_uint_eq(census.elements, elements);
	ck_assert_uint_eq(census.free, map->max_entries - elements);
	ck_assert_uint_eq(census.held, 0);
	ck_assert_uint_eq(map_used_entries(map), elements);
}

int table_fd(struct map *map)
{
	return map_region(map, 0)->fd;
}

struct map *table_attach(struct map *map, int prot)
{
	struct map *other;

	ck_assert_int_eq(map_attach(table_fd(map), prot, &other), 0);
	return other;
}

void table_assert_refused(int fd, int prot, int err)
{
	struct map *other = NULL;
	unsigned int fds = unit_count_fds();

	ck_assert_int_eq(map_attach(fd, prot, &other), err);
	ck_assert_ptr_null(other);
	ck_assert_uint_eq(unit_count_fds(), fds);
}

bool table_pin(uint32_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return cpu < topology_cpus() &&
	       !sched_setaffinity(0, sizeof(set), &set);
}
