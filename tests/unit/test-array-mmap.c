/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrays as memory: their regions, the mapping and what lies behind it, the
 * inline lookup of mapfs/array.h, addresses of values and back, and arrays as
 * large as the machine that cost nothing.
 */
#include <errno.h>
#include <unistd.h>

#include "core/topology.h"
#include "mapfs/array.h"
#include "shapes.h"

#define ARRAY	     BPF_MAP_TYPE_ARRAY
#define PERCPU_ARRAY BPF_MAP_TYPE_PERCPU_ARRAY
#define RW	     (PROT_READ | PROT_WRITE)

START_TEST(test_regions)
{
	struct region *region;
	struct shape s;
	uint32_t n;

	shape_open(&s, _i);
	for (n = 0; (region = map_region(s.map, n)); n++) {
		ck_assert_uint_eq(region->size * map_value_slots(s.map),
				  s.record * s.map->max_entries);
		ck_assert_int_eq(region->base != NULL, s.mapped);
	}
	ck_assert_uint_eq(n, map_value_slots(s.map));
	ck_assert_ptr_null(map_region(s.map, UINT32_MAX));
	shape_close(&s);
}
END_TEST

/* Region n is a C array of slot n: what another process maps. */
START_TEST(test_layout)
{
	struct region *region;
	struct shape s;
	size_t stride;
	uint32_t slot;
	uint32_t i;
	uint32_t n;

	shape_open(&s, _i);
	shape_fill(&s);
	stride = s.record / map_value_slots(s.map);
	slot = map_slot_bytes(s.map);
	for (n = 0; (region = map_region(s.map, n)); n++) {
		unsigned char *base = mmap(NULL, region->size, PROT_READ,
					   MAP_SHARED, region->fd, 0);

		ck_assert_ptr_ne(base, MAP_FAILED);
		for (i = 0; i < s.map->max_entries; i++)
			ck_assert_mem_eq(base + i * stride,
					 shape_value(&s, i) + n * slot, slot);
		munmap(base, region->size);
	}
	shape_close(&s);
}
END_TEST

START_TEST(test_inline_lookup)
{
	uint32_t outside[] = { 0, 1, 100, 1u << 31, UINT32_MAX };
	struct mapfs_array array = { .record_size = 77 };
	struct shape s;
	uint32_t cpu;
	uint32_t i;

	shape_open(&s, _i);
	shape_fill(&s);
	if (!s.mapped) {
		ck_assert_int_eq(map_gen_lookup(s.map, 0, &array), -EINVAL);
		ck_assert_uint_eq(array.record_size, 77);
		ck_assert_int_eq(map_mmap(s.map, RW), 0);
	}
	for (cpu = 0; cpu < map_value_slots(s.map); cpu++) {
		uint32_t slot = map_slot_bytes(s.map);

		ck_assert_int_eq(map_gen_lookup(s.map, cpu, &array), 0);
		ck_assert_uint_eq(array.max_entries, s.map->max_entries);
		ck_assert_uint_eq(array.record_size * map_value_slots(s.map),
				  s.record);
		for (i = 0; i < s.map->max_entries; i++) {
			unsigned char *at = mapfs_array_lookup(&array, i);

			ck_assert_mem_eq(at, shape_value(&s, i) + cpu * slot,
					 slot);
			/* A store shows in the file's view at once. */
			at[0] ^= 0xff;
			s.in[cpu * slot] ^= 0xff;
			ck_assert_int_eq(unit_lookup(s.map, i, s.out), 0);
			ck_assert_mem_eq(s.in, s.out, s.bytes);
			at[0] ^= 0xff;
		}
		for (i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
			ck_assert_ptr_null(mapfs_array_lookup(
				&array,
				outside[i] + (i < 3 ? s.map->max_entries : 0)));
	}
	ck_assert_int_eq(map_gen_lookup(s.map, map_value_slots(s.map), &array),
			 -ENOENT);
	ck_assert_int_eq(map_gen_lookup(s.map, UINT32_MAX, &array), -ENOENT);
	shape_close(&s);
}
END_TEST

/* The public initializer, on a mapping of one's own. */
START_TEST(test_public_header)
{
	struct map *map = unit_map(ARRAY, 8, 1024, 0);
	struct region *region = map_region(map, 0);
	void *base = mmap(NULL, 1024 * 8, RW, MAP_SHARED, region->fd, 0);
	struct mapfs_array hits = MAPFS_ARRAY(base, 1024, 8);
	uint64_t *hit = mapfs_array_lookup(&hits, 5);
	uint64_t value;

	ck_assert_ptr_eq(hit, (char *)base + 40);
	__atomic_fetch_add(hit, 42, __ATOMIC_RELAXED);
	ck_assert_int_eq(unit_lookup(map, 5, &value), 0);
	ck_assert_uint_eq(value, 42);
	ck_assert_ptr_eq(mapfs_array_lookup(&hits, 1023),
			 (char *)base + 1023 * 8);
	ck_assert_ptr_null(mapfs_array_lookup(&hits, 1024));
	munmap(base, 1024 * 8);
	unit_put_map(map);
}
END_TEST

/* The next power of two, less one; none for those who are trusted. */
START_TEST(test_index_mask)
{
	static const struct {
		uint32_t entries;
		uint32_t mask;
	} masks[] = {
		{ 1, 0 },
		{ 2, 1 },
		{ 3, 3 },
		{ 4, 3 },
		{ 5, 7 },
		{ 8, 7 },
		{ 9, 15 },
		{ 1023, 1023 },
		{ 1024, 1023 },
		{ 1025, 2047 },
		{ (1u << 20) - 1, (1u << 20) - 1 },
		{ 1u << 20, (1u << 20) - 1 },
	};
	struct mapfs_array array;
	struct map_attr attr;
	struct map *map;
	size_t i;

	for (i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		attr = unit_attr(_i ? PERCPU_ARRAY : ARRAY, 4, masks[i].entries,
				 0);
		attr.unpriv = true;
		ck_assert_int_eq(unit_create(&attr, &map), 0);
		ck_assert_int_eq(map_mmap(map, RW), 0);
		ck_assert_int_eq(map_gen_lookup(map, 0, &array), 0);
		ck_assert_uint_eq(array.index_mask, masks[i].mask);
		unit_put_map(map);
		attr.unpriv = false;
		ck_assert_int_eq(unit_create(&attr, &map), 0);
		ck_assert_int_eq(map_mmap(map, RW), 0);
		ck_assert_int_eq(map_gen_lookup(map, 0, &array), 0);
		ck_assert_uint_eq(array.index_mask, UINT32_MAX);
		unit_put_map(map);
	}
}
END_TEST

/* Whatever index the mask lets through, nothing else is there to be read. */
START_TEST(test_nothing_behind)
{
	struct map_attr attr = unit_attr(_i ? PERCPU_ARRAY : ARRAY, 4096, 5, 0);
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);
	struct mapfs_array array;
	struct region *region;
	struct map *map;
	uint32_t n;
	uint32_t i;

	attr.unpriv = true;
	ck_assert_int_eq(unit_create(&attr, &map), 0);
	ck_assert_int_eq(map_mmap(map, RW), 0);
	for (n = 0; (region = map_region(map, n)); n++) {
		ck_assert_int_eq(map_gen_lookup(map, n, &array), 0);
		ck_assert_uint_eq(array.index_mask, 7);
		ck_assert_uint_eq(region->reserved, 8 * 4096);
		for (i = 0; i <= array.index_mask; i++)
			ck_assert_int_eq(unit_readable(array.base + i * 4096),
					 i * 4096 < (5 * 4096 + page - 1) /
							    page * page);
	}
	unit_put_map(map);
}
END_TEST

START_TEST(test_value_address)
{
	uint64_t addr = 77;
	uint32_t index = 77;
	uint32_t off = 77;
	struct shape s;
	uint32_t i;
	uint32_t o;

	shape_open(&s, _i);
	if (s.map->map_type != ARRAY)
		goto out;
	if (!s.mapped) {
		ck_assert_int_eq(map_direct_value_addr(s.map, &addr, 0, 0),
				 -EINVAL);
		ck_assert_int_eq(
			map_direct_value_meta(s.map, addr, &index, &off),
			-EINVAL);
		ck_assert_int_eq(map_mmap(s.map, PROT_READ), 0);
	}
	for (i = 0; i < s.map->max_entries; i++) {
		for (o = 0; o < s.map->value_size; o++) {
			ck_assert_int_eq(
				map_direct_value_addr(s.map, &addr, i, o), 0);
			ck_assert_uint_eq(
				addr, (uintptr_t)map_region(s.map, 0)->base +
					      i * s.record + o);
			ck_assert_int_eq(map_direct_value_meta(s.map, addr,
							       &index, &off),
					 0);
			ck_assert_uint_eq(index, i);
			ck_assert_uint_eq(off, o);
		}
		/* Padding belongs to no value. */
		addr++;
		if (s.record > s.map->value_size)
			ck_assert_int_eq(map_direct_value_meta(s.map, addr,
							       &index, &off),
					 -ENOENT);
	}
	addr = 77;
	ck_assert_int_eq(map_direct_value_addr(s.map, &addr, i, 0), -ENOENT);
	ck_assert_int_eq(map_direct_value_addr(s.map, &addr, UINT32_MAX, 0),
			 -ENOENT);
	ck_assert_int_eq(
		map_direct_value_addr(s.map, &addr, 0, s.map->value_size),
		-EINVAL);
	ck_assert_int_eq(map_direct_value_addr(s.map, &addr, 0, UINT32_MAX),
			 -EINVAL);
	ck_assert_uint_eq(addr, 77);
out:
	shape_close(&s);
}
END_TEST

START_TEST(test_address_outside)
{
	struct map *map = unit_map(ARRAY, 8, 4, 0);
	uint64_t base;
	uint32_t index = 77;
	uint32_t off = 77;

	ck_assert_int_eq(map_mmap(map, RW), 0);
	base = (uintptr_t)map_region(map, 0)->base;
	ck_assert_int_eq(map_direct_value_meta(map, base - 1, &index, &off),
			 -ENOENT);
	ck_assert_int_eq(map_direct_value_meta(map, base + 32, &index, &off),
			 -ENOENT);
	ck_assert_int_eq(map_direct_value_meta(map, 0, &index, &off), -ENOENT);
	ck_assert_int_eq(map_direct_value_meta(map, UINT64_MAX, &index, &off),
			 -ENOENT);
	ck_assert_uint_eq(index, 77);
	ck_assert_uint_eq(off, 77);
	unit_put_map(map);
}
END_TEST

/* Mapped once more, for less and for more. */
START_TEST(test_map_again)
{
	struct shape s;

	shape_open(&s, _i);
	shape_fill(&s);
	ck_assert_int_eq(map_mmap(s.map, PROT_READ), 0);
	shape_assert_value(&s, 0);
	ck_assert_int_eq(map_mmap(s.map, RW), 0);
	shape_assert_value(&s, s.map->max_entries - 1);
	shape_fill(&s);
	shape_assert_value(&s, 0);
	shape_close(&s);
}
END_TEST

static uint64_t resident(struct map *map)
{
	struct region *region;
	uint64_t bytes = 0;
	uint32_t n;

	for (n = 0; (region = map_region(map, n)); n++)
		bytes += region_resident(region);
	return bytes;
}

/* 2^31 elements of 8 bytes cost what is written, whatever is read. */
START_TEST(test_huge)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * page;
	struct map_attr attr = unit_attr(ARRAY, 8, 1u << 31, 0);
	static const uint32_t at[] = { 0, 1u << 20, (1u << 31) - 1 };
	uint64_t value = 42;
	struct map *map;
	size_t i;

	attr.unpriv = _i;
	if (memory / page <= (8ull << 31) / page) {
		ck_assert_int_eq(unit_create(&attr, &map), -ENOMEM);
		return;
	}
	ck_assert_int_eq(unit_create(&attr, &map), 0);
	ck_assert_uint_eq(resident(map), 0);
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(unit_lookup(map, at[i], &value), 0);
		ck_assert_uint_eq(value, 0);
	}
	ck_assert_int_eq(map_read(map, &value, 8, (8ull << 31) - 8), 8);
	ck_assert_int_eq(map_read(map, &value, 8, 8ull << 31), 0);
	ck_assert_uint_eq(resident(map), 0);
	for (i = 0; i < 3; i++) {
		value = at[i] + 1;
		ck_assert_int_eq(unit_update(map, at[i], &value, BPF_ANY), 0);
	}
	ck_assert_uint_eq(resident(map), 3 * page);
	ck_assert_int_eq(map_mmap(map, RW), 0);
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(unit_lookup(map, at[i], &value), 0);
		ck_assert_uint_eq(value, at[i] + 1);
	}
	ck_assert_int_eq(unit_update(map, 1u << 31, &value, BPF_ANY), -E2BIG);
	ck_assert_int_eq(map_clear(map), 0);
	ck_assert_uint_eq(resident(map), 0);
	unit_put_map(map);
}
END_TEST

/* The largest value, by its last bytes. */
START_TEST(test_huge_value)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * page;
	struct map_attr attr =
		unit_attr(ARRAY, ARRAY_VALUE_MAX, 2, _i ? BPF_F_MMAPABLE : 0);
	uint64_t record = _i ? 1ull << 31 : ARRAY_VALUE_MAX;
	char bytes[4] = "";
	struct map *map;

	if (memory <= 2 * record)
		return;
	ck_assert_int_eq(unit_create(&attr, &map), 0);
	ck_assert_uint_eq(map->ops->map_record_size(map), record);
	ck_assert_int_eq(map_write(map, "abcd", 4, 2 * record - 4), 4);
	ck_assert_int_eq(map_write(map, "abcd", 4, 2 * record - 2), 2);
	ck_assert_int_eq(map_read(map, bytes, 4, 2 * record - 4), 4);
	ck_assert_mem_eq(bytes, "abab", 4);
	ck_assert_uint_eq(resident(map), page);
	unit_put_map(map);
}
END_TEST

START_TEST(test_percpu_resident)
{
	const uint32_t cpus = topology_cpus();
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct map *map = unit_map(PERCPU_ARRAY, 8, 1u << 20, 0);
	uint64_t value = 5;
	uint32_t key = 1u << 19;

	ck_assert_uint_eq(resident(map), 0);
	ck_assert_int_eq(
		map_update_percpu_elem(map, &key, &value, cpus - 1, BPF_ANY),
		0);
	ck_assert_uint_eq(resident(map), page);
	ck_assert_uint_eq(region_resident(map_region(map, cpus - 1)), page);
	unit_put_map(map);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "memory");

	tcase_add_loop_test(tcase, test_regions, 0, SHAPES);
	tcase_add_loop_test(tcase, test_layout, 0, SHAPES);
	tcase_add_loop_test(tcase, test_map_again, 0, SHAPES);

	tcase = unit_case(suite, "inline");
	tcase_add_loop_test(tcase, test_inline_lookup, 0, SHAPES);
	tcase_add_test(tcase, test_public_header);
	/* Loops: 0 an array, 1 a per-CPU array. */
	tcase_add_loop_test(tcase, test_index_mask, 0, 2);
	tcase_add_loop_test(tcase, test_nothing_behind, 0, 2);

	tcase = unit_case(suite, "address");
	tcase_add_loop_test(tcase, test_value_address, 0, SHAPES);
	tcase_add_test(tcase, test_address_outside);

	tcase = unit_case(suite, "huge");
	tcase_add_loop_test(tcase, test_huge, 0, 2);
	tcase_add_loop_test(tcase, test_huge_value, 0, 2);
	tcase_add_test(tcase, test_percpu_resident);
}
