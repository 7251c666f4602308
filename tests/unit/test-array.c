/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The elements of arrays and per-CPU arrays, one at a time and listed: every
 * operation at, below and above each limit, and each CPU's slot.
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>

#include "core/topology.h"
#include "shapes.h"

static const uint64_t refused_flags[] = {
	3,	    4,		5,	    6,		7,
	8,	    16,		1ull << 31, 1ull << 32, 1ull << 32 | 1,
	1ull << 63, UINT64_MAX,
};

#define NREFUSED (sizeof(refused_flags) / sizeof(refused_flags[0]))

START_TEST(test_all_exist_and_are_zero)
{
	struct shape s;
	uint32_t i;

	shape_open(&s, _i);
	for (i = 0; i < s.map->max_entries; i++) {
		memset(s.out, 0xee, s.bytes);
		ck_assert_int_eq(unit_lookup(s.map, i, s.out), 0);
		unit_assert_mem_zero(s.out, s.bytes);
	}
	shape_close(&s);
}
END_TEST

START_TEST(test_lookup_outside)
{
	struct shape s;
	uint32_t at[] = { 0, 1, 8, INT_MAX, 1u << 31, UINT32_MAX };
	size_t i;

	shape_open(&s, _i);
	memset(s.in, 0xee, s.bytes);
	memset(s.out, 0xee, s.bytes);
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		if (i < 3)
			at[i] += s.map->max_entries;
		ck_assert_int_eq(unit_lookup(s.map, at[i], s.out), -ENOENT);
		ck_assert_int_eq(map_lookup_elem(s.map, &at[i], s.out),
				 -ENOENT);
		ck_assert_mem_eq(s.in, s.out, s.bytes);
	}
	shape_close(&s);
}
END_TEST

START_TEST(test_update)
{
	struct shape s;
	uint32_t i;

	shape_open(&s, _i);
	shape_fill(&s);
	for (i = 0; i < s.map->max_entries; i++)
		shape_assert_value(&s, i);
	/* Backwards, with the other flag that is good. */
	for (i = s.map->max_entries; i-- > 0;) {
		memset(s.in, (int)i, s.bytes);
		ck_assert_int_eq(unit_update(s.map, i, s.in, BPF_EXIST), 0);
		ck_assert_int_eq(unit_lookup(s.map, i, s.out), 0);
		ck_assert_mem_eq(s.in, s.out, s.bytes);
		if (i)
			shape_assert_value(&s, i - 1);
	}
	shape_close(&s);
}
END_TEST

/* The flag is looked at first, then the index. */
START_TEST(test_update_refused)
{
	struct shape s;
	uint32_t i;
	size_t f;

	shape_open(&s, _i);
	shape_fill(&s);
	memset(s.in, 0xee, s.bytes);
	for (i = 0; i < s.map->max_entries; i++) {
		ck_assert_int_eq(unit_update(s.map, i, s.in, BPF_NOEXIST),
				 -EEXIST);
		for (f = 0; f < NREFUSED; f++)
			ck_assert_int_eq(
				unit_update(s.map, i, s.in, refused_flags[f]),
				-EINVAL);
	}
	for (i = s.map->max_entries; i; i = i > UINT32_MAX / 2 ? 0 : 2 * i) {
		ck_assert_int_eq(unit_update(s.map, i, s.in, BPF_ANY), -E2BIG);
		ck_assert_int_eq(unit_update(s.map, i, s.in, BPF_NOEXIST),
				 -E2BIG);
		ck_assert_int_eq(unit_update(s.map, i, s.in, BPF_EXIST),
				 -E2BIG);
		for (f = 0; f < NREFUSED; f++)
			ck_assert_int_eq(
				unit_update(s.map, i, s.in, refused_flags[f]),
				-EINVAL);
	}
	ck_assert_int_eq(unit_update(s.map, UINT32_MAX, s.in, BPF_ANY), -E2BIG);
	for (i = 0; i < s.map->max_entries; i++)
		shape_assert_value(&s, i);
	shape_close(&s);
}
END_TEST

START_TEST(test_delete)
{
	struct shape s;
	uint32_t at[4];
	size_t i;

	shape_open(&s, _i);
	at[0] = 0;
	at[1] = s.map->max_entries - 1;
	at[2] = s.map->max_entries;
	at[3] = UINT32_MAX;
	shape_fill(&s);
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(map_delete_elem(s.map, &at[i]), -EINVAL);
	shape_assert_value(&s, 0);
	shape_close(&s);
}
END_TEST

START_TEST(test_next_key)
{
	struct shape s;
	uint32_t next = 77;
	uint32_t i;

	shape_open(&s, _i);
	ck_assert_int_eq(map_get_next_key(s.map, NULL, &next), 0);
	ck_assert_uint_eq(next, 0);
	for (i = 0; i + 1 < s.map->max_entries; i++) {
		ck_assert_int_eq(map_get_next_key(s.map, &i, &next), 0);
		ck_assert_uint_eq(next, i + 1);
	}
	next = 77;
	ck_assert_int_eq(map_get_next_key(s.map, &i, &next), -ENOENT);
	ck_assert_uint_eq(next, 77);
	/* What does not exist starts again; key and next may be one. */
	for (i = s.map->max_entries; i; i = i > UINT32_MAX / 2 ? 0 : 2 * i) {
		next = i;
		ck_assert_int_eq(map_get_next_key(s.map, &next, &next), 0);
		ck_assert_uint_eq(next, 0);
	}
	next = UINT32_MAX;
	ck_assert_int_eq(map_get_next_key(s.map, &next, &next), 0);
	ck_assert_uint_eq(next, 0);
	shape_close(&s);
}
END_TEST

/* Every start and count: keys and values up to the end, nothing behind. */
START_TEST(test_list)
{
	unsigned char *values;
	uint32_t keys[16];
	struct shape s;
	uint64_t first;
	uint64_t pos;
	uint32_t max;
	uint32_t n;
	uint32_t i;

	shape_open(&s, _i);
	shape_fill(&s);
	max = s.map->max_entries;
	values = malloc((max + 2) * s.bytes);
	for (first = 0; first <= max + 1; first++) {
		for (n = 0; n <= max + 2; n++) {
			uint32_t left = first < max ? max - (uint32_t)first : 0;
			uint32_t want = n < left ? n : left;

			memset(keys, 0xee, sizeof(keys));
			memset(values, 0xee, (max + 2) * s.bytes);
			pos = first;
			ck_assert_int_eq(
				map_seq_show_elem(s.map, &pos, keys, values, n),
				want);
			ck_assert_uint_eq(pos, first + want);
			for (i = 0; i < want; i++) {
				ck_assert_uint_eq(keys[i], first + i);
				ck_assert_mem_eq(values + i * s.bytes,
						 shape_value(&s, keys[i]),
						 s.bytes);
			}
			ck_assert_uint_eq(keys[want], 0xeeeeeeee);
			if (want < max + 2)
				ck_assert_uint_eq(values[want * s.bytes], 0xee);
		}
	}
	free(values);
	shape_close(&s);
}
END_TEST

START_TEST(test_list_keys_alone)
{
	uint32_t keys[16];
	struct shape s;
	uint64_t pos = 0;
	uint32_t i;

	shape_open(&s, _i);
	ck_assert_int_eq(map_seq_show_elem(s.map, &pos, keys, NULL, 16),
			 s.map->max_entries);
	for (i = 0; i < s.map->max_entries; i++)
		ck_assert_uint_eq(keys[i], i);
	ck_assert_int_eq(map_seq_show_elem(s.map, &pos, keys, NULL, 16), 0);
	pos = 1ull << 32;
	ck_assert_int_eq(map_seq_show_elem(s.map, &pos, keys, NULL, 16), 0);
	ck_assert_uint_eq(pos, 1ull << 32);
	pos = UINT64_MAX;
	ck_assert_int_eq(map_seq_show_elem(s.map, &pos, keys, NULL, 16), 0);
	ck_assert_uint_eq(pos, UINT64_MAX);
	pos = 0;
	ck_assert_int_eq(map_seq_show_elem(s.map, &pos, keys, NULL, UINT32_MAX),
			 s.map->max_entries);
	shape_close(&s);
}
END_TEST

/* A per-CPU map's value in the file's view is what each CPU has. */
START_TEST(test_slots)
{
	struct map *map = unit_map(BPF_MAP_TYPE_PERCPU_ARRAY, 5, 3, 0);
	const uint32_t cpus = topology_cpus();
	unsigned char *all = malloc(8 * cpus);
	unsigned char slot[8];
	uint32_t key = 1;
	uint32_t cpu;
	size_t f;

	if (_i)
		ck_assert_int_eq(map_mmap(map, PROT_READ | PROT_WRITE), 0);
	memset(all, 0xab, 8 * cpus);
	ck_assert_int_eq(unit_update(map, key, all, BPF_ANY), 0);
	for (cpu = 0; cpu < cpus; cpu++) {
		unit_fill(slot, sizeof(slot), cpu);
		ck_assert_int_eq(
			map_update_percpu_elem(map, &key, slot, cpu, BPF_EXIST),
			0);
	}
	ck_assert_int_eq(unit_lookup(map, key, all), 0);
	for (cpu = 0; cpu < cpus; cpu++) {
		/* The slot's padding was not the caller's to change. */
		unit_fill(slot, 5, cpu);
		memset(slot + 5, 0xab, 3);
		ck_assert_mem_eq(all + 8 * cpu, slot, 8);
		memset(slot, 0xee, sizeof(slot));
		ck_assert_int_eq(map_lookup_percpu_elem(map, &key, slot, cpu),
				 0);
		ck_assert_mem_eq(all + 8 * cpu, slot, 5);
		ck_assert_int_eq(slot[5], 0xee);
	}
	ck_assert_int_eq(map_lookup_percpu_elem(map, &key, slot, cpus),
			 -ENOENT);
	ck_assert_int_eq(map_lookup_percpu_elem(map, &key, slot, UINT32_MAX),
			 -ENOENT);
	ck_assert_int_eq(map_update_percpu_elem(map, &key, slot, cpus, BPF_ANY),
			 -ENOENT);
	ck_assert_int_eq(
		map_update_percpu_elem(map, &key, slot, 0, BPF_NOEXIST),
		-EEXIST);
	for (f = 0; f < NREFUSED; f++)
		ck_assert_int_eq(map_update_percpu_elem(map, &key, slot, cpus,
							refused_flags[f]),
				 -EINVAL);
	key = 3;
	ck_assert_int_eq(map_lookup_percpu_elem(map, &key, slot, 0), -ENOENT);
	ck_assert_int_eq(map_update_percpu_elem(map, &key, slot, 0, BPF_ANY),
			 -E2BIG);
	free(all);
	unit_put_map(map);
}
END_TEST

/* A program sees the slot of the CPU that it is on. */
START_TEST(test_slot_of_this_cpu)
{
	struct map *map = unit_map(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 2, 0);
	cpu_set_t allowed;
	uint32_t key = 1;
	uint32_t value;
	cpu_set_t one;
	uint32_t cpu;

	for (cpu = 0; cpu < topology_cpus(); cpu++) {
		value = 100 + cpu;
		ck_assert_int_eq(
			map_update_percpu_elem(map, &key, &value, cpu, BPF_ANY),
			0);
	}
	ck_assert_int_eq(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	for (cpu = 0; cpu < topology_cpus() && cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
		ck_assert_int_eq(map_lookup_elem(map, &key, &value), 0);
		ck_assert_uint_eq(value, 100 + cpu);
	}
	unit_put_map(map);
}
END_TEST

/* What a slot holds beyond its value goes around with it. */
START_TEST(test_slot_padding)
{
	const uint32_t cpus = topology_cpus();
	unsigned char *in = malloc(16 * cpus);
	unsigned char *out = malloc(16 * cpus);
	uint32_t size;

	for (size = 1; size <= 16; size++) {
		struct map *map =
			unit_map(BPF_MAP_TYPE_PERCPU_ARRAY, size, 2, 0);
		size_t bytes = map_value_bytes(map);

		if (_i)
			ck_assert_int_eq(map_mmap(map, PROT_READ | PROT_WRITE),
					 0);
		unit_fill(in, bytes, size);
		ck_assert_int_eq(unit_update(map, 1, in, BPF_ANY), 0);
		ck_assert_int_eq(unit_lookup(map, 1, out), 0);
		ck_assert_mem_eq(in, out, bytes);
		ck_assert_int_eq(unit_lookup(map, 0, out), 0);
		unit_assert_mem_zero(out, bytes);
		unit_put_map(map);
	}
	free(in);
	free(out);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "element");

	tcase_add_loop_test(tcase, test_all_exist_and_are_zero, 0, SHAPES);
	tcase_add_loop_test(tcase, test_lookup_outside, 0, SHAPES);
	tcase_add_loop_test(tcase, test_update, 0, SHAPES);
	tcase_add_loop_test(tcase, test_update_refused, 0, SHAPES);
	tcase_add_loop_test(tcase, test_delete, 0, SHAPES);
	tcase_add_loop_test(tcase, test_next_key, 0, SHAPES);

	tcase = unit_case(suite, "list");
	tcase_add_loop_test(tcase, test_list, 0, SHAPES);
	tcase_add_loop_test(tcase, test_list_keys_alone, 0, SHAPES);

	/* Loops: 0 through the descriptor, 1 mapped. */
	tcase = unit_case(suite, "percpu");
	tcase_add_loop_test(tcase, test_slots, 0, 2);
	tcase_add_test(tcase, test_slot_of_this_cpu);
	tcase_add_loop_test(tcase, test_slot_padding, 0, 2);
}
