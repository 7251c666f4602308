/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hashes of all four types: single elements, keys and values of every size,
 * per-CPU slots, freezing.  How many fit is in test-hash-full.c, walks are in
 * test-hash-walk.c, what is particular to an LRU in test-lru.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/limits.h"
#include "core/topology.h"
#include "tables.h"

START_TEST(test_empty)
{
	struct map *map = table_open(_i, 10, 0);
	uint64_t value[MAP_CPUS_MAX];
	uint32_t key = 7;

	memset(value, 0xee, sizeof(value));
	ck_assert_int_eq(unit_lookup(map, 7, value), -ENOENT);
	ck_assert_int_eq(map_lookup_elem(map, &key, value), -ENOENT);
	ck_assert_int_eq(map_lookup_and_delete_elem(map, &key, value), -ENOENT);
	ck_assert_uint_eq(value[0], 0xeeeeeeeeeeeeeeee);
	ck_assert_int_eq(table_delete(map, 7), -ENOENT);
	ck_assert_int_eq(table_put(map, 7, BPF_EXIST), -ENOENT);
	table_assert(map, 0);
	unit_put_map(map);
}
END_TEST

START_TEST(test_update_flags)
{
	static const uint64_t bad[] = {
		3,  BPF_F_LOCK, 5,	    6,		8,
		16, 1ull << 31, 1ull << 32, 1ull << 63, UINT64_MAX,
	};
	struct map *map = table_open(_i, 10, 0);
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(table_put(map, 1, bad[i]), -EINVAL);
		ck_assert(!table_has(map, 1));
	}
	ck_assert_int_eq(table_put(map, 1, BPF_NOEXIST), 0);
	ck_assert_int_eq(table_put(map, 1, BPF_NOEXIST), -EEXIST);
	ck_assert_int_eq(unit_update(map, 1, table_value(2), BPF_NOEXIST),
			 -EEXIST);
	ck_assert(table_has(map, 1));
	ck_assert_int_eq(unit_update(map, 1, table_value(2), BPF_ANY), 0);
	ck_assert_int_eq(table_put(map, 1, BPF_EXIST), 0);
	ck_assert(table_has(map, 1));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(table_put(map, 1, bad[i]), -EINVAL);
	table_assert(map, 1);
	unit_put_map(map);
}
END_TEST

START_TEST(test_delete)
{
	struct map *map = table_open(_i, 10, 0);
	uint64_t value[MAP_CPUS_MAX];
	uint32_t key = 3;

	table_fill(map, 0, 10);
	ck_assert_int_eq(table_delete(map, 2), 0);
	ck_assert_int_eq(table_delete(map, 2), -ENOENT);
	ck_assert_int_eq(map_lookup_and_delete_elem(map, &key, value), 0);
	ck_assert_mem_eq(value, table_value(3), map_value_bytes(map));
	ck_assert_int_eq(map_lookup_and_delete_elem(map, &key, value), -ENOENT);
	ck_assert_uint_eq(table_count(map, 0, 10), 8);
	table_assert(map, 8);
	unit_put_map(map);
}
END_TEST

START_TEST(test_clear)
{
	struct map *map = table_open(_i, 300, 0);
	int round;

	for (round = 0; round < 3; round++) {
		ck_assert_int_eq(map_clear(map), 0);
		table_assert(map, 0);
		table_fill(map, (uint32_t)round * 1000, 300);
		table_assert(map, 300);
	}
	unit_put_map(map);
}
END_TEST

/* A map with keys and values of these sizes; a value and room for one. */
struct sized {
	struct map *map;
	unsigned char *key;
	unsigned char *in;
	unsigned char *out;
	size_t bytes;
};

static void sized_open(struct sized *s, int i, uint32_t key_size,
		       uint32_t value_size)
{
	struct map_attr attr = unit_attr(table_types[i], value_size, 4, 0);

	attr.key_size = key_size;
	ck_assert_int_eq(unit_create(&attr, &s->map), 0);
	s->bytes = map_value_bytes(s->map);
	s->key = malloc(key_size);
	s->in = malloc(s->bytes);
	s->out = malloc(s->bytes + 8);
	ck_assert(s->key && s->in && s->out);
	unit_fill(s->key, key_size, 5);
}

static void sized_close(struct sized *s)
{
	free(s->key);
	free(s->in);
	free(s->out);
	unit_put_map(s->map);
}

static void sized_assert(struct sized *s, unsigned int salt, bool take)
{
	memset(s->out, 0xee, s->bytes + 8);
	ck_assert_int_eq(
		take ? map_lookup_and_delete_elem(s->map, s->key, s->out) :
		       map_lookup_elem_sys_only(s->map, s->key, s->out),
		0);
	unit_fill(s->in, s->bytes, salt);
	ck_assert_mem_eq(s->out, s->in, s->bytes);
	ck_assert_uint_eq(s->out[s->bytes], 0xee);
}

/* Every byte counts: two keys differ in one alone. */
static void assert_key_bytes(struct sized *s, uint32_t key_size)
{
	uint32_t at;

	for (at = 0; at < key_size; at += 1 + key_size / 40) {
		unit_fill(s->in, s->bytes, 1);
		ck_assert_int_eq(map_update_elem(s->map, s->key, s->in, 0), 0);
		s->key[at] ^= 0x80;
		ck_assert_int_eq(
			map_lookup_elem_sys_only(s->map, s->key, s->out),
			-ENOENT);
		unit_fill(s->in, s->bytes, 2);
		ck_assert_int_eq(map_update_elem(s->map, s->key, s->in, 0), 0);
		s->key[at] ^= 0x80;
		sized_assert(s, 1, false);
		s->key[at] ^= 0x80;
		sized_assert(s, 2, true);
		ck_assert_int_eq(map_delete_elem(s->map, s->key), -ENOENT);
		s->key[at] ^= 0x80;
	}
}

START_TEST(test_key_sizes)
{
	static const uint32_t more[] = { 100, 255, 256, 257, 512, 1000, 9000 };
	struct sized s;
	uint32_t size;

	for (size = 1; size <= 34; size++) {
		sized_open(&s, _i, size, 9);
		assert_key_bytes(&s, size);
		sized_close(&s);
	}
	for (size = 0; size < sizeof(more) / sizeof(more[0]); size++) {
		sized_open(&s, _i, more[size], 9);
		assert_key_bytes(&s, more[size]);
		sized_close(&s);
	}
}
END_TEST

static void assert_value_size(int i, uint32_t key_size, uint32_t value_size)
{
	struct sized s;
	unsigned int salt;

	sized_open(&s, i, key_size, value_size);
	for (salt = 0; salt < 3; salt++) {
		unit_fill(s.in, s.bytes, salt);
		ck_assert_int_eq(map_update_elem(s.map, s.key, s.in, BPF_ANY),
				 0);
		sized_assert(&s, salt, false);
	}
	sized_assert(&s, 2, true);
	table_assert(s.map, 0);
	sized_close(&s);
}

START_TEST(test_value_sizes)
{
	static const uint32_t more[] = { 255,
					 256,
					 257,
					 511,
					 512,
					 513,
					 1000,
					 4096,
					 5000,
					 32761,
					 PERCPU_VALUE_MAX };
	uint32_t size;

	for (size = 1; size <= 34; size++)
		assert_value_size(_i, 4, size);
	for (size = 0; size < sizeof(more) / sizeof(more[0]); size++)
		assert_value_size(_i, 4, more[size]);
}
END_TEST

/* The largest there are; what is larger is in test-map-create.c. */
START_TEST(test_largest)
{
	bool percpu = _i % 2;

	assert_value_size(_i, HASH_SIZE_MAX - 1, 1);
	assert_value_size(_i, percpu ? HASH_SIZE_MAX - PERCPU_VALUE_MAX : 1,
			  percpu ? PERCPU_VALUE_MAX : HASH_SIZE_MAX - 1);
}
END_TEST

/* Padding of slots is part of the file's view, not of a program's. */
START_TEST(test_slots)
{
	struct map *map = unit_map(_i ? LRU_PERCPU_HASH : PERCPU_HASH, 5, 2, 0);
	const uint32_t cpus = topology_cpus();
	unsigned char in[8];
	unsigned char *value = malloc(8ul * cpus);
	unsigned char *got = malloc(8ul * cpus);
	uint32_t key = 9;
	uint32_t cpu;

	unit_fill(value, 8ul * cpus, 1);
	ck_assert_int_eq(map_update_elem(map, &key, value, BPF_ANY), 0);
	ck_assert_int_eq(unit_lookup(map, key, got), 0);
	ck_assert_mem_eq(got, value, 8ul * cpus);
	for (cpu = 0; cpu < cpus; cpu++) {
		memset(got, 0xee, 8);
		ck_assert_int_eq(map_lookup_percpu_elem(map, &key, got, cpu),
				 0);
		ck_assert_mem_eq(got, value + 8ul * cpu, 5);
		ck_assert_uint_eq(got[5], 0xee);
		/* That slot alone, and not its padding. */
		unit_fill(in, 5, cpu + 100);
		ck_assert_int_eq(
			map_update_percpu_elem(map, &key, in, cpu, BPF_EXIST),
			0);
		memcpy(value + 8ul * cpu, in, 5);
		ck_assert_int_eq(unit_lookup(map, key, got), 0);
		ck_assert_mem_eq(got, value, 8ul * cpus);
	}
	ck_assert_int_eq(map_lookup_percpu_elem(map, &key, got, cpus), -ENOENT);
	ck_assert_int_eq(map_update_percpu_elem(map, &key, in, cpus, BPF_ANY),
			 -ENOENT);
	free(value);
	free(got);
	unit_put_map(map);
}
END_TEST

/* The others' slots are zero, whoever had the memory before. */
START_TEST(test_new_slots)
{
	struct map *map = table_open(2 * _i + 1, 2, 0);
	const uint32_t cpus = topology_cpus();
	uint64_t got[MAP_CPUS_MAX];
	uint64_t in = 77;
	uint32_t key;
	uint32_t cpu;

	for (key = 0; key < 5000; key++) {
		cpu = key % cpus;
		ck_assert_int_eq(table_put(map, key, BPF_ANY), 0);
		ck_assert_int_eq(table_delete(map, key), 0);
		ck_assert_int_eq(
			map_update_percpu_elem(map, &key, &in, cpus, BPF_ANY),
			-ENOENT);
		ck_assert_int_eq(
			map_update_percpu_elem(map, &key, &in, cpu, BPF_EXIST),
			-ENOENT);
		ck_assert_int_eq(map_update_percpu_elem(map, &key, &in, cpu, 3),
				 -EINVAL);
		ck_assert_int_eq(map_update_percpu_elem(map, &key, &in, cpu,
							BPF_NOEXIST),
				 0);
		ck_assert_int_eq(map_update_percpu_elem(map, &key, &in, cpu,
							BPF_NOEXIST),
				 -EEXIST);
		ck_assert_int_eq(unit_lookup(map, key, got), 0);
		ck_assert_uint_eq(got[cpu], 77);
		got[cpu] = 0;
		unit_assert_mem_zero(got, 8ul * cpus);
		ck_assert_int_eq(table_delete(map, key), 0);
	}
	table_assert(map, 0);
	unit_put_map(map);
}
END_TEST

/* The calling CPU's, in a program's view. */
START_TEST(test_slot_of_this_cpu)
{
	struct map *map = table_open(_i, 2, 0);
	bool percpu = _i % 2;
	uint64_t got[2];
	uint32_t key = 1;
	uint32_t cpu;

	table_fill(map, 1, 1);
	for (cpu = 0; cpu < topology_cpus(); cpu++) {
		if (!table_pin(cpu))
			continue;
		got[1] = 0xee;
		ck_assert_int_eq(map_lookup_elem(map, &key, got), 0);
		ck_assert_uint_eq(got[0], table_value(1)[percpu ? cpu : 0]);
		ck_assert_uint_eq(got[1], 0xee);
	}
	if (!percpu) {
		ck_assert_int_eq(map_lookup_percpu_elem(map, &key, got, 0),
				 -EOPNOTSUPP);
		ck_assert_int_eq(map_update_percpu_elem(map, &key, got, 0, 0),
				 -EOPNOTSUPP);
	}
	unit_put_map(map);
}
END_TEST

/* What is read while others write is one value, whatever its size. */
#define WHOLE 3000

static atomic_bool stop;

static void *replacer(void *arg)
{
	struct map *map = arg;
	unsigned char value[WHOLE];
	unsigned char salt = 0;
	uint32_t key = 1;

	while (!atomic_load(&stop)) {
		memset(value, ++salt, sizeof(value));
		ck_assert_int_eq(map_update_elem(map, &key, value, BPF_EXIST),
				 0);
	}
	return NULL;
}

START_TEST(test_values_are_whole)
{
	struct map *map = unit_map(_i ? LRU_HASH : HASH, WHOLE, 1, 0);
	unsigned char value[WHOLE] = { 0 };
	pthread_t thread;
	uint32_t key = 1;
	int i;

	ck_assert_int_eq(map_update_elem(map, &key, value, BPF_ANY), 0);
	atomic_store(&stop, false);
	ck_assert_int_eq(pthread_create(&thread, NULL, replacer, map), 0);
	for (i = 0; i < 20000; i++) {
		ck_assert_int_eq(i % 2 ? unit_lookup(map, 1, value) :
					 map_lookup_elem(map, &key, value),
				 0);
		ck_assert_mem_eq(value, value + 1, WHOLE - 1);
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	table_assert(map, 1);
	unit_put_map(map);
}
END_TEST

START_TEST(test_frozen)
{
	struct map *map = table_open(_i, 10, 0);
	uint64_t *value = table_value(1);
	struct map_batch batch = { .keys = value, .values = value, .count = 1 };
	uint32_t key = 1;
	int fd;

	table_fill(map, 0, 10);
	ck_assert_int_eq(map_freeze(map), 0);
	ck_assert_int_eq(map_freeze(map), -EPERM);
	ck_assert_int_eq(table_put(map, 1, 99), -EPERM);
	ck_assert_int_eq(map_update_percpu_elem(map, &key, value, 99, 99),
			 -EPERM);
	ck_assert_int_eq(table_delete(map, 77), -EPERM);
	ck_assert_int_eq(map_lookup_and_delete_elem(map, &key, value), -EPERM);
	ck_assert_int_eq(map_update_batch(map, &batch), -EPERM);
	ck_assert_int_eq(map_delete_batch(map, &batch), -EPERM);
	ck_assert_int_eq(map_lookup_and_delete_batch(map, &batch), -EPERM);
	ck_assert_int_eq(map_clear(map), -EPERM);
	ck_assert_int_eq(map_owner_get(map, &key), -EPERM);
	map_owner_end(map, 1, false);
	/* Nor by another way: and a lookup that would mark does not. */
	fd = unit_reopen(map_region(map, 0), O_RDWR);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, &key, 4, 0), -1);
	ck_assert_int_eq(errno, EPERM);
	close(fd);
	key = 1;
	ck_assert_int_eq(map_lookup_elem(map, &key, value), 0);
	ck_assert_uint_eq(table_count(map, 0, 11), 10);
	table_assert(map, 10);
	unit_put_map(map);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "elements");

	tcase_add_loop_test(tcase, test_empty, 0, TABLES);
	tcase_add_loop_test(tcase, test_update_flags, 0, TABLES);
	tcase_add_loop_test(tcase, test_delete, 0, TABLES);
	tcase_add_loop_test(tcase, test_clear, 0, TABLES);
	tcase_add_loop_test(tcase, test_frozen, 0, TABLES);
	tcase_add_loop_test(tcase, test_values_are_whole, 0, 2);

	tcase = unit_case(suite, "sizes");
	tcase_add_loop_test(tcase, test_key_sizes, 0, TABLES);
	tcase_add_loop_test(tcase, test_value_sizes, 0, TABLES);
	tcase_add_loop_test(tcase, test_largest, 0, TABLES);

	tcase = unit_case(suite, "slots");
	tcase_add_loop_test(tcase, test_slots, 0, 2);
	tcase_add_loop_test(tcase, test_new_slots, 0, 2);
	tcase_add_loop_test(tcase, test_slot_of_this_cpu, 0, TABLES);
}
