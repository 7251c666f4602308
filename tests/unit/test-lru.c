/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LRUs of both types: which element goes when there is no place, what keeps
 * it, and what evicts nothing; one LRU for all and one for each CPU.
 */
#include <errno.h>

#include "core/hash_table.h"
#include "core/topology.h"
#include "tables.h"

#define MAX 8u

/* Loops: both types. */
static struct map *lru_open(int i, uint32_t max_entries, uint32_t map_flags)
{
	return table_open(2 + i, max_entries, map_flags);
}

/* Of the keys from 0 on, these are there and no others. */
static void assert_there(struct map *map, const char *there)
{
	uint32_t key;

	for (key = 0; there[key]; key++)
		ck_assert_msg(table_has(map, key) == (there[key] == 'x'),
			      "key %u of %s", key, there);
	ck_assert(!table_has(map, key));
}

static void use(struct map *map, uint32_t key)
{
	uint64_t value;

	ck_assert_int_eq(map_lookup_elem(map, &key, &value), 0);
}

/* One for one, the oldest first, and always room for all. */
START_TEST(test_oldest_goes)
{
	static const uint32_t lengths[] = { 1, 2, 3, 8, 64, 65, 1000, 5000 };
	const uint32_t max = lengths[_i / 2];
	struct map *map = lru_open(_i % 2, max, 0);
	uint32_t key;

	table_fill(map, 0, max);
	table_assert(map, max);
	for (key = max; key < 3 * max; key++) {
		ck_assert_int_eq(table_put(map, key, key % 2), 0);
		ck_assert(!table_has(map, key - max));
		ck_assert(table_has(map, key));
		ck_assert(max == 1 || table_has(map, key - max + 1));
	}
	ck_assert_uint_eq(table_count(map, 0, 3 * max), max);
	table_assert(map, max);
	unit_put_map(map);
}
END_TEST

/* What a program looks up survives. */
START_TEST(test_marked_stays)
{
	struct map *map = lru_open(_i, MAX, 0);
	uint64_t values[MAP_CPUS_MAX];
	uint64_t value;
	uint32_t key = 3;

	table_fill(map, 0, MAX);
	use(map, 0);
	use(map, 2);
	if (_i)
		ck_assert_int_eq(map_lookup_percpu_elem(map, &key, &value, 0),
				 0);
	else
		use(map, key);
	key = 5;
	ck_assert_int_eq(map_lookup_elem_mark(map, &key, values), 0);
	ck_assert_mem_eq(values, table_value(5), map_value_bytes(map));
	table_fill(map, MAX, 3);
	assert_there(map, "x.xx.x.xxxx");
	table_assert(map, MAX);
	unit_put_map(map);
}
END_TEST

/* It has lost its mark by that, and counts as new. */
START_TEST(test_second_chance)
{
	struct map *map = lru_open(_i, MAX, 0);

	table_fill(map, 0, MAX);
	use(map, 0);
	use(map, 0);
	table_fill(map, MAX, 7);
	assert_there(map, "x.......xxxxxxx");
	table_fill(map, MAX + 7, 1);
	assert_there(map, "........xxxxxxxx");
	unit_put_map(map);
}
END_TEST

/* All marked: all have had their chance then, and the oldest goes. */
START_TEST(test_all_marked)
{
	struct map *map = lru_open(_i, MAX, 0);
	uint32_t key;

	table_fill(map, 0, MAX);
	for (key = MAX; key--;)
		use(map, key);
	table_fill(map, MAX, 1);
	assert_there(map, ".xxxxxxxx");
	table_fill(map, MAX + 1, 1);
	assert_there(map, "..xxxxxxxx");
	unit_put_map(map);
}
END_TEST

/* The file's view, walks, batches and listings are no use. */
START_TEST(test_what_does_not_mark)
{
	struct map *map = lru_open(_i, MAX, 0);
	uint64_t values[MAX * MAP_CPUS_MAX];
	uint32_t keys[MAX];
	uint32_t token;
	struct map_batch batch = {
		.out_batch = &token,
		.keys = keys,
		.values = values,
		.count = MAX,
	};
	uint64_t pos = 0;
	uint32_t key = 99;

	table_fill(map, 0, MAX);
	ck_assert_uint_eq(table_count(map, 0, MAX), MAX);
	ck_assert_uint_eq(table_keys(map, keys, MAX), MAX);
	ck_assert_int_eq(map_lookup_batch(map, &batch), -ENOENT);
	ck_assert_int_eq(map_seq_show_elem(map, &pos, keys, values, MAX), MAX);
	ck_assert_int_eq(map_lookup_elem(map, &key, values), -ENOENT);
	ck_assert_int_eq(table_put(map, 0, BPF_NOEXIST), -EEXIST);
	table_fill(map, MAX, 3);
	assert_there(map, "...xxxxxxxx");
	unit_put_map(map);
}
END_TEST

/* An update of a key that is there marks it, and does not make it younger. */
START_TEST(test_update_marks)
{
	struct map *map = lru_open(_i, MAX, 0);
	uint64_t slot = table_value(2)[0];
	uint32_t key = 2;

	table_fill(map, 0, MAX);
	ck_assert_int_eq(table_put(map, 1, BPF_ANY), 0);
	if (_i)
		ck_assert_int_eq(
			map_update_percpu_elem(map, &key, &slot, 0, BPF_EXIST),
			0);
	else
		ck_assert_int_eq(table_put(map, key, BPF_EXIST), 0);
	table_fill(map, MAX, 1);
	assert_there(map, ".xxxxxxxx");
	/* 1 and 2 are passed over before any of those behind them. */
	table_fill(map, MAX + 1, 6);
	assert_there(map, ".xx......xxxxxx");
	table_fill(map, MAX + 7, 2);
	assert_there(map, ".........xxxxxxxx");
	unit_put_map(map);
}
END_TEST

/* The map is full, and stays as it is. */
START_TEST(test_what_evicts_nothing)
{
	struct map *map = lru_open(_i, MAX, 0);
	uint64_t slot = 1;
	uint32_t key = 99;
	uint32_t i;

	table_fill(map, 0, MAX);
	for (i = 0; i < 100; i++) {
		ck_assert_int_eq(table_put(map, 0, BPF_NOEXIST), -EEXIST);
		ck_assert_int_eq(table_put(map, 99, BPF_EXIST), -ENOENT);
		ck_assert_int_eq(table_put(map, 99, 3), -EINVAL);
		ck_assert_int_eq(table_put(map, i % MAX, BPF_ANY), 0);
		ck_assert_int_eq(table_put(map, i % MAX, BPF_EXIST), 0);
		ck_assert_int_eq(table_delete(map, 99), -ENOENT);
		if (_i)
			ck_assert_int_eq(
				map_update_percpu_elem(map, &key, &slot,
						       topology_cpus(), 0),
				-ENOENT);
	}
	assert_there(map, "xxxxxxxx");
	table_assert(map, MAX);
	unit_put_map(map);
}
END_TEST

/* A place that is free is taken first. */
START_TEST(test_delete_makes_room)
{
	struct map *map = lru_open(_i, MAX, 0);
	uint64_t value[MAP_CPUS_MAX];
	uint32_t key = 4;

	table_fill(map, 0, MAX);
	ck_assert_int_eq(table_delete(map, 5), 0);
	ck_assert_int_eq(map_lookup_and_delete_elem(map, &key, value), 0);
	table_fill(map, MAX, 2);
	assert_there(map, "xxxx..xxxx");
	table_fill(map, MAX + 2, 1);
	assert_there(map, ".xxx..xxxxx");
	/* One that was deleted and is there again is new. */
	ck_assert_int_eq(table_delete(map, 1), 0);
	table_fill(map, 1, 1);
	table_fill(map, MAX + 3, 1);
	assert_there(map, ".x.x..xxxxxx");
	ck_assert_int_eq(map_clear(map), 0);
	table_fill(map, 0, MAX);
	assert_there(map, "xxxxxxxx");
	unit_put_map(map);
}
END_TEST

/* What is marked and then deleted leaves no mark to who comes after it. */
START_TEST(test_mark_goes_with_the_element)
{
	struct map *map = lru_open(_i, 2, 0);
	uint32_t key;

	for (key = 0; key < 100; key += 2) {
		table_fill(map, key, 2);
		use(map, key);
		use(map, key + 1);
		ck_assert_int_eq(table_delete(map, key), 0);
		ck_assert_int_eq(table_delete(map, key + 1), 0);
		table_fill(map, 1000, 3);
		ck_assert(!table_has(map, 1000));
		ck_assert_int_eq(map_clear(map), 0);
	}
	unit_put_map(map);
}
END_TEST

/* Others' slots are zero in an element that took an evicted one's place. */
START_TEST(test_evicted_slots)
{
	struct map *map = lru_open(1, 1, 0);
	uint64_t value[MAP_CPUS_MAX];
	uint64_t slot = 77;
	uint32_t cpu = topology_cpus() - 1;
	uint32_t key;

	for (key = 0; key < 3000; key++) {
		ck_assert_int_eq(table_put(map, key, BPF_ANY), 0);
		key++;
		ck_assert_int_eq(
			map_update_percpu_elem(map, &key, &slot, cpu, BPF_ANY),
			0);
		ck_assert_int_eq(unit_lookup(map, key, value), 0);
		ck_assert_uint_eq(value[cpu], 77);
		unit_assert_mem_zero(value, 8ul * cpu);
	}
	table_assert(map, 1);
	unit_put_map(map);
}
END_TEST

static void come_and_go(struct map *map, uint32_t times)
{
	while (times--) {
		table_fill(map, 1000, 1);
		ck_assert_int_eq(table_delete(map, 1000), 0);
	}
}

/*
 * Ages go round: one that has stayed while so many others came, in a map that
 * was never full, counts as new.
 */
START_TEST(test_ring)
{
	struct map *map = lru_open(_i, MAX, 0);
	uint32_t key;

	table_fill(map, 0, 1);
	come_and_go(map, 100);
	table_fill(map, 1, 1);
	come_and_go(map, LRU_RING_MIN - 102);
	/* Here 0 has been in the ring once round, and 1 has not. */
	table_fill(map, 2, MAX - 2);
	table_assert(map, MAX);
	table_fill(map, MAX, 1);
	assert_there(map, "x.xxxxxxx");
	table_fill(map, MAX + 1, 1);
	assert_there(map, "..xxxxxxxx");
	for (key = 0; key < 3 * LRU_RING_MIN; key++)
		ck_assert_int_eq(table_put(map, 1000 + key, BPF_ANY), 0);
	ck_assert_uint_eq(table_count(map, 1000 + key - MAX, MAX), MAX);
	table_assert(map, MAX);
	unit_put_map(map);
}
END_TEST

/* Neither a frozen map nor one mapped for reading can be marked. */
START_TEST(test_no_mark_without_writing)
{
	struct map *map = lru_open(_i, MAX, 0);
	uint64_t value[MAP_CPUS_MAX];
	struct map *reader;
	uint32_t key = 0;

	table_fill(map, 0, MAX);
	ck_assert_int_eq(map_attach(map_region(map, 0)->fd, PROT_READ, &reader),
			 0);
	use(reader, 0);
	ck_assert_int_eq(map_lookup_elem_mark(reader, &key, value), 0);
	table_fill(map, MAX, 1);
	assert_there(map, ".xxxxxxxx");
	unit_put_map(reader);
	ck_assert_int_eq(map_freeze(map), 0);
	use(map, 1);
	key = 1;
	ck_assert_int_eq(map_lookup_elem_mark(map, &key, value), 0);
	unit_put_map(map);
}
END_TEST

/* An LRU for each CPU, of the same size. */
START_TEST(test_shares)
{
	const uint32_t cpus = topology_cpus();
	struct map *map;
	uint32_t max;

	for (max = 1; max <= 2 * cpus + 1; max++) {
		map = lru_open(_i, max, BPF_F_NO_COMMON_LRU);
		ck_assert_uint_eq(map->max_entries,
				  (max + cpus - 1) / cpus * cpus);
		table_assert(map, 0);
		unit_put_map(map);
	}
}
END_TEST

/* Each CPU has its share, and evicts from nothing else. */
START_TEST(test_lru_of_cpu)
{
	const uint32_t cpus = topology_cpus();
	struct map *map = lru_open(_i, cpus * 4, BPF_F_NO_COMMON_LRU);
	uint32_t all = 0;
	uint32_t cpu;
	uint32_t key;

	for (cpu = 0; cpu < cpus; cpu++) {
		uint32_t first = cpu * 100;

		if (!table_pin(cpu))
			continue;
		table_fill(map, first, 4);
		use(map, first);
		table_fill(map, first + 4, 2);
		/* The first was used: the two behind it have gone. */
		ck_assert(table_has(map, first));
		ck_assert_uint_eq(table_count(map, first + 1, 2), 0);
		ck_assert_uint_eq(table_count(map, first, 6), 4);
		all += 4;
		table_assert(map, all);
	}
	/* A replacement stays in the share of the CPU that inserted. */
	for (key = 0; key < 1000; key++)
		if (table_has(map, key % cpus * 100))
			ck_assert_int_eq(
				table_put(map, key % cpus * 100, BPF_EXIST), 0);
	table_assert(map, all);
	unit_put_map(map);
}
END_TEST

/* A place goes back to the share that it came from, whoever deletes. */
START_TEST(test_delete_gives_share_back)
{
	const uint32_t cpus = topology_cpus();
	struct map *map = lru_open(_i, cpus * 4, BPF_F_NO_COMMON_LRU);
	uint32_t key;

	if (cpus < 2 || !table_pin(1))
		return;
	table_fill(map, 0, 4);
	ck_assert(table_pin(0));
	table_fill(map, 100, 4);
	/* What CPU 0 deletes of CPU 1's is no room for CPU 0. */
	for (key = 0; key < 4; key++)
		ck_assert_int_eq(table_delete(map, key), 0);
	table_fill(map, 104, 1);
	ck_assert_uint_eq(table_count(map, 100, 5), 4);
	ck_assert(table_pin(1));
	table_fill(map, 0, 4);
	ck_assert_uint_eq(table_count(map, 0, 4), 4);
	table_assert(map, 8);
	unit_put_map(map);
}
END_TEST

/*
 * All places in the hands of one who does nothing: who is refused has waited,
 * and the next ones do not, until there is a place.
 */
START_TEST(test_waits_once)
{
	struct map *map = lru_open(_i, 4, 0);
	struct hash_map *hash = to_hash(map);
	const uint32_t *waits = &hash->waits[POOL_CREDIT];
	uint32_t node[4];
	uint32_t waited;
	uint32_t i;

	for (i = 0; i < 4; i++)
		ck_assert_int_eq(pool_take(&hash->pool, POOL_CREDIT,
					   hash_shard(hash), &node[i]),
				 0);
	ck_assert_int_eq(table_put(map, 1, BPF_ANY), -ENOMEM);
	waited = *waits;
	ck_assert_uint_ge(waited, POOL_PATIENCE);
	ck_assert_int_eq(table_put(map, 1, BPF_ANY), -ENOMEM);
	ck_assert_uint_eq(*waits, waited + 1);
	pool_give(&hash->pool, node[0]);
	ck_assert_int_eq(table_put(map, 1, BPF_ANY), 0);
	ck_assert_uint_eq(*waits, 0);
	/* Now there is one to evict. */
	ck_assert_int_eq(table_put(map, 2, BPF_ANY), 0);
	for (i = 1; i < 4; i++)
		pool_give(&hash->pool, node[i]);
	table_assert(map, 1);
	unit_put_map(map);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "eviction");

	tcase_add_loop_test(tcase, test_oldest_goes, 0, 16);
	tcase_add_loop_test(tcase, test_marked_stays, 0, 2);
	tcase_add_loop_test(tcase, test_second_chance, 0, 2);
	tcase_add_loop_test(tcase, test_all_marked, 0, 2);
	tcase_add_loop_test(tcase, test_what_does_not_mark, 0, 2);
	tcase_add_loop_test(tcase, test_update_marks, 0, 2);
	tcase_add_loop_test(tcase, test_what_evicts_nothing, 0, 2);
	tcase_add_loop_test(tcase, test_delete_makes_room, 0, 2);
	tcase_add_loop_test(tcase, test_mark_goes_with_the_element, 0, 2);
	tcase_add_test(tcase, test_evicted_slots);
	tcase_add_loop_test(tcase, test_ring, 0, 2);
	tcase_add_loop_test(tcase, test_no_mark_without_writing, 0, 2);
	tcase_add_loop_test(tcase, test_waits_once, 0, 2);

	tcase = unit_case(suite, "each CPU");
	tcase_add_loop_test(tcase, test_shares, 0, 2);
	tcase_add_loop_test(tcase, test_lru_of_cpu, 0, 2);
	tcase_add_loop_test(tcase, test_delete_gives_share_back, 0, 2);
}
