/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many elements fit into a hash: exactly as many as asked for, one by one
 * or by threads; but no more than a limit into one bucket; and what a large
 * map costs.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/hash_table.h"
#include "core/topology.h"
#include "tables.h"

/* Loops: numbers of elements about powers of two, and those with shards. */
static const uint32_t lengths[] = { 1,	 2,   3,    63,	  64,	65,
				    511, 513, 1000, 2048, 5000, 40000 };

#define LENGTHS ((int)(sizeof(lengths) / sizeof(lengths[0])))

/* Exactly as many as asked for, whatever was there before. */
START_TEST(test_capacity)
{
	const uint32_t max = lengths[_i / 2];
	struct map *map =
		table_open(_i % 2, max, _i % 3 ? BPF_F_NO_PREALLOC : 0);
	int round;

	for (round = 0; round < 3; round++) {
		table_fill(map, 0, max);
		ck_assert_int_eq(table_put(map, max, BPF_ANY), -E2BIG);
		ck_assert_int_eq(table_put(map, max, BPF_NOEXIST), -E2BIG);
		ck_assert_int_eq(table_put(map, max, BPF_EXIST), -ENOENT);
		ck_assert_int_eq(table_put(map, max, 3), -EINVAL);
		ck_assert_int_eq(table_put(map, 0, BPF_NOEXIST), -EEXIST);
		ck_assert_int_eq(table_put(map, 0, BPF_ANY), 0);
		ck_assert_int_eq(table_put(map, max - 1, BPF_EXIST), 0);
		table_assert(map, max);
		ck_assert_int_eq(table_delete(map, max / 2), 0);
		ck_assert_int_eq(table_put(map, max, BPF_ANY), 0);
		ck_assert_int_eq(table_put(map, max + 1, BPF_ANY), -E2BIG);
		ck_assert_uint_eq(table_count(map, 0, max + 2), max);
		ck_assert_int_eq(map_clear(map), 0);
	}
	unit_put_map(map);
}
END_TEST

/* A full map is replaced over and over. */
START_TEST(test_replace_when_full)
{
	const uint32_t max = lengths[_i / 2];
	struct map *map = table_open(_i % 2, max, 0);
	uint32_t i;

	table_fill(map, 0, max);
	for (i = 0; i < 5000; i++) {
		ck_assert_int_eq(
			unit_update(map, i % max, table_value(i), BPF_EXIST),
			0);
		ck_assert_int_eq(table_put(map, i % max, BPF_ANY), 0);
	}
	ck_assert_uint_eq(table_count(map, 0, max), max);
	table_assert(map, max);
	unit_put_map(map);
}
END_TEST

#define THREADS 4

struct inserter {
	pthread_t thread;
	struct map *map;
	uint32_t first;
	uint32_t done;
};

static void *inserter(void *arg)
{
	struct inserter *inserter = arg;
	uint64_t value[MAP_CPUS_MAX] = { 0 };
	uint32_t key = inserter->first;
	uint32_t i;
	int err;

	for (i = 0; i < 3000; i++, key++) {
		err = map_update_elem(inserter->map, &key, value, BPF_ANY);
		ck_assert(!err || err == -E2BIG);
		inserter->done += !err;
	}
	return NULL;
}

/* Nor do threads that insert together put in one too many, or one less. */
START_TEST(test_capacity_of_threads)
{
	struct map *map = table_open(_i % 2, _i / 2 ? 5000 : 1000, 0);
	struct inserter inserters[THREADS];
	uint32_t done = 0;
	uint32_t i;

	for (i = 0; i < THREADS; i++) {
		inserters[i] =
			(struct inserter){ .map = map, .first = i * 10000 };
		ck_assert_int_eq(pthread_create(&inserters[i].thread, NULL,
						inserter, &inserters[i]),
				 0);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(inserters[i].thread, NULL);
		done += inserters[i].done;
	}
	ck_assert_uint_eq(done, map->max_entries);
	table_assert(map, done);
	unit_put_map(map);
}
END_TEST

/* Keys of one bucket, for a map with a seed of zero. */
static void collide(struct map *map, uint32_t *keys, uint32_t count)
{
	const struct hash_map *hash = to_hash(map);
	uint32_t key = 0;

	for (; count; key++) {
		if (hash_bucket(hash, hash_of(hash, &key)))
			continue;
		*keys++ = key;
		count--;
	}
}

#define CHAIN HASH_CHAIN_MAX

/*
 * More than there can be by chance in one bucket are refused; those that are
 * there can be used like others, though each change copies what is before it.
 */
START_TEST(test_chain)
{
	static const uint32_t value_sizes[] = { 8, 100000 };
	struct map *map = unit_map(_i % 2 ? LRU_HASH : HASH,
				   value_sizes[_i / 2], CHAIN * 2,
				   BPF_F_ZERO_SEED);
	unsigned char *value = calloc(1, map->value_size);
	uint32_t keys[CHAIN + 1];
	uint32_t i;

	collide(map, keys, CHAIN + 1);
	for (i = 0; i < CHAIN; i++)
		ck_assert_int_eq(map_update_elem(map, &keys[i], value, 0), 0);
	ck_assert_int_eq(map_update_elem(map, &keys[CHAIN], value, 0), -E2BIG);
	ck_assert_int_eq(map_update_elem(map, &keys[CHAIN], value, BPF_EXIST),
			 -ENOENT);
	table_assert(map, CHAIN);
	for (i = 0; i < CHAIN; i++)
		ck_assert_int_eq(map_update_elem(map, &keys[i], value, 0), 0);
	ck_assert_int_eq(map_delete_elem(map, &keys[0]), 0);
	ck_assert_int_eq(map_update_elem(map, &keys[CHAIN], value, 0), 0);
	for (i = 1; i <= CHAIN; i++)
		ck_assert_int_eq(map_delete_elem(map, &keys[i]), 0);
	table_assert(map, 0);
	free(value);
	unit_put_map(map);
}
END_TEST

/* As long in a map that is full: spares are all there is for copies. */
START_TEST(test_chain_when_full)
{
	struct map *map = unit_map(_i % 2 ? LRU_HASH : HASH,
				   _i / 2 ? 1000000 : 8, CHAIN,
				   BPF_F_ZERO_SEED);
	unsigned char *value = calloc(1, map->value_size);
	uint32_t keys[CHAIN];
	uint32_t i;

	collide(map, keys, CHAIN);
	for (i = 0; i < CHAIN; i++)
		ck_assert_int_eq(map_update_elem(map, &keys[i], value, 0), 0);
	table_assert(map, CHAIN);
	for (i = 0; i < CHAIN; i++)
		ck_assert_int_eq(map_update_elem(map, &keys[i], value, 0), 0);
	for (i = 0; i < CHAIN; i++)
		ck_assert_int_eq(map_delete_elem(map, &keys[i]), 0);
	table_assert(map, 0);
	free(value);
	unit_put_map(map);
}
END_TEST

/* Costs nothing until it is used, and then what is used. */
START_TEST(test_large)
{
	const uint64_t enough = 16ull << 30;
	struct region *region;
	uint64_t resident;
	struct map *map;
	uint32_t i;

	if (topology_memory() < enough)
		return;
	map = table_open(_i, 100000000, 0);
	region = map_region(map, 0);
	ck_assert_uint_gt(region->size, 4ull << 30);
	ck_assert_uint_lt(region_resident(region), 2u << 20);
	ck_assert_uint_eq(map_used_entries(map), 0);
	ck_assert_uint_eq(table_keys(map, &i, 1), 0);
	ck_assert_uint_eq(table_count(map, 0, 1000), 0);
	ck_assert_int_eq(map_clear(map), 0);
	resident = region_resident(region);
	ck_assert_uint_lt(resident, 2u << 20);
	table_fill(map, 0, 1000);
	ck_assert_uint_eq(map_used_entries(map), 1000);
	/* A page of buckets each, and little more. */
	ck_assert_uint_lt(region_resident(region), resident + (8u << 20));
	ck_assert_int_eq(map_clear(map), 0);
	ck_assert_uint_eq(map_used_entries(map), 0);
	unit_put_map(map);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "capacity");

	tcase_add_loop_test(tcase, test_capacity, 0, 2 * LENGTHS);
	tcase_add_loop_test(tcase, test_replace_when_full, 0, 2 * LENGTHS);
	tcase_add_loop_test(tcase, test_capacity_of_threads, 0, 4);
	tcase_add_loop_test(tcase, test_chain, 0, 4);
	tcase_add_loop_test(tcase, test_chain_when_full, 0, 4);
	tcase_add_loop_test(tcase, test_large, 0, TABLES);
}
