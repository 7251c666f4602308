/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What BPF_MAP_CREATE refuses of each type: every attribute at, below and above
 * its limit, each flag, names byte by byte, and which check comes first.
 */
#include <errno.h>
#include <unistd.h>

#include "core/topology.h"
#include "tables.h"

#define ARRAY	     BPF_MAP_TYPE_ARRAY
#define PERCPU_ARRAY BPF_MAP_TYPE_PERCPU_ARRAY

static const uint32_t types[] = {
	ARRAY, PERCPU_ARRAY, HASH, PERCPU_HASH, LRU_HASH, LRU_PERCPU_HASH,
};

/* Loops: all types, or the arrays, which come first, or the hashes. */
#define TYPES  6
#define ARRAYS 2

static bool is_lru(int i)
{
	return types[i] == LRU_HASH || types[i] == LRU_PERCPU_HASH;
}

static bool is_percpu(int i)
{
	return map_type_ops(types[i])->flags & MAP_PERCPU;
}

/* Loops over the types: an attribute set that is good. */
static struct map_attr good(int i)
{
	return unit_attr(types[i], 8, 4, 0);
}

static void assert_accepted(const struct map_attr *attr)
{
	struct map *map = NULL;

	ck_assert_int_eq(unit_create(attr, &map), 0);
	unit_put_map(map);
}

/* Refused for 'word', in a sentence, and nothing is charged or made. */
static void assert_refused(const struct map_attr *attr, int err,
			   const char *word)
{
	struct map_refusal refusal = { NULL, NULL };
	struct charge charge = { .bytes = 77 };
	struct map *map = NULL;
	unsigned int fds = unit_count_fds();

	ck_assert_int_eq(map_create(attr, &charge, &refusal, &map), err);
	ck_assert_str_eq(refusal.word, word);
	ck_assert_uint_gt(strlen(refusal.why), 10);
	ck_assert_int_ne(refusal.why[strlen(refusal.why) - 1], '.');
	ck_assert_ptr_null(map);
	ck_assert_uint_eq(charge.bytes, 0);
	ck_assert_uint_eq(unit_count_fds(), fds);
	ck_assert_int_eq(unit_create(attr, &map), err);
}

START_TEST(test_type)
{
	struct map *inner = unit_map(BPF_MAP_TYPE_ARRAY, 8, 1, 0);
	struct map_attr attr = good(0);
	const struct map_ops *ops;
	uint32_t type;

	for (type = 0; type < 100; type++) {
		ops = map_type_ops(type);
		attr = good(0);
		attr.map_type = type;
		if (ops && ops->flags & MAP_PREFIXES) {
			attr.key_size = 8;
			attr.map_flags = BPF_F_NO_PREALLOC;
		}
		if (ops && ops->flags & MAP_OF_MAPS) {
			attr.value_size = 4;
			attr.inner_map = inner;
		}
		/* Some have no keys: that is what is wrong then. */
		if (!ops)
			assert_refused(&attr, -EINVAL, "type");
		else if (ops->map_push_elem || ops->map_reserve)
			assert_refused(&attr, -EINVAL, "key");
		else
			assert_accepted(&attr);
	}
	attr.map_type = UINT32_MAX;
	assert_refused(&attr, -EINVAL, "type");
	attr.map_type = 1u << 31;
	assert_refused(&attr, -EINVAL, "type");
	unit_put_map(inner);
}
END_TEST

START_TEST(test_array_key_size)
{
	static const uint32_t bad[] = { 0, 1, 3, 5, 8, 260, UINT32_MAX };
	struct map_attr attr = good(_i);
	size_t i;

	assert_accepted(&attr);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		attr.key_size = bad[i];
		assert_refused(&attr, -EINVAL, "key");
	}
}
END_TEST

START_TEST(test_max_entries)
{
	struct map_attr attr = good(_i);

	attr.max_entries = 0;
	assert_refused(&attr, -EINVAL, "entries");
	attr.max_entries = 1;
	assert_accepted(&attr);
}
END_TEST

START_TEST(test_array_value_size)
{
	struct map_attr attr = unit_attr(ARRAY, 0, 1, 0);
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) *
			  (uint64_t)sysconf(_SC_PAGESIZE);
	struct map *map;

	assert_refused(&attr, -EINVAL, "value");
	attr.value_size = 1;
	assert_accepted(&attr);
	attr.value_size = ARRAY_VALUE_MAX;
	if (memory > 1ull << 31)
		assert_accepted(&attr);
	else
		ck_assert_int_eq(unit_create(&attr, &map), -ENOMEM);
	attr.value_size = ARRAY_VALUE_MAX + 1;
	assert_refused(&attr, -E2BIG, "value");
	attr.value_size = UINT32_MAX;
	assert_refused(&attr, -E2BIG, "value");
}
END_TEST

START_TEST(test_percpu_array_value_size)
{
	static const uint32_t bad[] = {
		PERCPU_VALUE_MAX + 1, PERCPU_VALUE_MAX + 8, 65536,
		ARRAY_VALUE_MAX,      ARRAY_VALUE_MAX + 1,  UINT32_MAX - 7,
		UINT32_MAX,
	};
	struct map_attr attr = unit_attr(PERCPU_ARRAY, 0, 1, 0);
	size_t i;

	assert_refused(&attr, -EINVAL, "value");
	attr.value_size = 1;
	assert_accepted(&attr);
	attr.value_size = PERCPU_VALUE_MAX - 7;
	assert_accepted(&attr);
	attr.value_size = PERCPU_VALUE_MAX;
	assert_accepted(&attr);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		attr.value_size = bad[i];
		assert_refused(&attr, -E2BIG, "value");
	}
}
END_TEST

/* Key and value together have a limit, and so has a per-CPU value. */
START_TEST(test_hash_sizes)
{
	struct map_attr attr = good(_i);

	attr.key_size = 0;
	assert_refused(&attr, -EINVAL, "key");
	attr.key_size = 1;
	assert_accepted(&attr);
	attr.key_size = HASH_SIZE_MAX - 8;
	assert_accepted(&attr);
	attr.key_size++;
	assert_refused(&attr, -E2BIG, "value");
	attr.key_size = UINT32_MAX;
	assert_refused(&attr, -E2BIG, "value");
	attr.value_size = UINT32_MAX;
	assert_refused(&attr, -E2BIG, "value");
	attr.key_size = 4;
	assert_refused(&attr, -E2BIG, "value");
	attr.value_size = HASH_SIZE_MAX - 3;
	assert_refused(&attr, -E2BIG, "value");
	attr.value_size = is_percpu(_i) ? PERCPU_VALUE_MAX : HASH_SIZE_MAX - 4;
	assert_accepted(&attr);
	attr.value_size++;
	assert_refused(&attr, -E2BIG, "value");
	attr.value_size = 0;
	assert_refused(&attr, -EINVAL, "value");
	attr.value_size = 1;
	assert_accepted(&attr);
}
END_TEST

/* What fits into the machine is a question of its own: see test_memory. */
START_TEST(test_hash_entries)
{
	static const uint32_t bad[] = { HASH_ENTRIES_MAX + 1, 1u << 31,
					UINT32_MAX };
	struct map_attr attr = good(_i);
	struct map *map;
	size_t i;
	int err;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		attr.max_entries = bad[i];
		assert_refused(&attr, -E2BIG, "entries");
		if (!is_lru(_i))
			continue;
		attr.map_flags = BPF_F_NO_COMMON_LRU;
		assert_refused(&attr, -E2BIG, "entries");
		attr.map_flags = 0;
	}
	attr.max_entries = HASH_ENTRIES_MAX;
	err = unit_create(&attr, &map);
	ck_assert(!err || err == -ENOMEM);
	ck_assert(!err || topology_memory() < 16ull << 30 || is_percpu(_i));
	if (!err)
		unit_put_map(map);
	attr.key_size = HASH_SIZE_MAX - 8;
	ck_assert_int_eq(unit_create(&attr, &map), -ENOMEM);
}
END_TEST

/* One bit after the other; NUMA_NODE has a test of its own. */
START_TEST(test_flags)
{
	const uint32_t all = BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG |
			     BPF_F_WRONLY_PROG;
	const uint32_t accepted[] = {
		all | BPF_F_MMAPABLE | BPF_F_INNER_MAP,
		all,
		all | BPF_F_NO_PREALLOC | BPF_F_ZERO_SEED,
		all | BPF_F_NO_PREALLOC | BPF_F_ZERO_SEED,
		all | BPF_F_NO_COMMON_LRU | BPF_F_ZERO_SEED,
		all | BPF_F_NO_COMMON_LRU | BPF_F_ZERO_SEED,
	};
	struct map_attr attr = good(_i);
	int bit;
	int err;

	for (bit = 0; bit < 32; bit++) {
		attr.map_flags = 1u << bit;
		if (attr.map_flags == BPF_F_NUMA_NODE)
			continue;
		err = is_lru(_i) && attr.map_flags == BPF_F_NO_PREALLOC ?
			      -EOPNOTSUPP :
			      -EINVAL;
		if (attr.map_flags & accepted[_i])
			assert_accepted(&attr);
		else
			assert_refused(&attr, err, "flags");
		/* Beside a good one it is no better. */
		attr.map_flags |= BPF_F_RDONLY_PROG;
		if (!(1u << bit & accepted[_i]))
			assert_refused(&attr, err, "flags");
	}
	attr.map_flags = UINT32_MAX;
	assert_refused(&attr, -EINVAL, "flags");
}
END_TEST

START_TEST(test_flags_together)
{
	static const struct {
		uint32_t flags;
		bool good[3]; /* of an array, a per-CPU one, the rest */
	} sets[] = {
		{ BPF_F_RDONLY | BPF_F_WRONLY, { false, false, false } },
		{ BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG,
		  { false, false, false } },
		{ BPF_F_RDONLY | BPF_F_RDONLY_PROG, { true, true, true } },
		{ BPF_F_RDONLY | BPF_F_WRONLY_PROG, { true, true, true } },
		{ BPF_F_WRONLY | BPF_F_WRONLY_PROG, { true, true, true } },
		{ BPF_F_MMAPABLE | BPF_F_INNER_MAP, { true, false, false } },
		{ BPF_F_MMAPABLE | BPF_F_RDONLY | BPF_F_WRONLY,
		  { false, false, false } },
		{ BPF_F_MMAPABLE | BPF_F_INNER_MAP | BPF_F_RDONLY |
			  BPF_F_RDONLY_PROG,
		  { true, false, false } },
	};
	struct map_attr attr = good(_i);
	size_t i;

	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		attr.map_flags = sets[i].flags;
		if (sets[i].good[_i < ARRAYS ? _i : 2])
			assert_accepted(&attr);
		else
			assert_refused(&attr, -EINVAL, "flags");
	}
}
END_TEST

START_TEST(test_map_extra)
{
	static const uint64_t bad[] = { 1, 15, 16, 1ull << 32, UINT64_MAX };
	struct map_attr attr = good(_i);
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		attr.map_extra = bad[i];
		assert_refused(&attr, -EINVAL, "extra");
	}
}
END_TEST

/* Without its flag the node is not looked at. */
START_TEST(test_numa_node)
{
	static const int32_t nodes[] = { INT32_MIN, -2,	  -1,	   0,	     1,
					 5,	    1000, 1 << 20, INT32_MAX };
	struct map_attr attr = good(_i);
	size_t i;

	for (i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		attr.numa_node = nodes[i];
		attr.map_flags = 0;
		assert_accepted(&attr);
		attr.map_flags = BPF_F_NUMA_NODE;
		if (nodes[i] == NUMA_NO_NODE ||
		    (!is_percpu(_i) && topology_node_online(nodes[i])))
			assert_accepted(&attr);
		else
			assert_refused(&attr, -EINVAL, "numa");
		if (!is_lru(_i))
			continue;
		attr.map_flags |= BPF_F_NO_COMMON_LRU;
		if (nodes[i] == NUMA_NO_NODE)
			assert_accepted(&attr);
		else
			assert_refused(&attr, -EINVAL, "numa");
	}
}
END_TEST

START_TEST(test_name_length)
{
	struct map_attr attr = good(_i);
	size_t len;

	for (len = 0; len < MAP_NAME_LEN; len++) {
		memset(attr.map_name, 0, MAP_NAME_LEN);
		memset(attr.map_name, 'x', len);
		assert_accepted(&attr);
	}
	attr.map_name[MAP_NAME_LEN - 1] = 'x';
	assert_refused(&attr, -EINVAL, "name");
}
END_TEST

static bool name_byte_ok(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '.' ||
	       (c >= 0xc0 && c != 0xd7 && c != 0xf7);
}

START_TEST(test_name_bytes)
{
	struct map_attr attr = good(_i);
	size_t at;
	int c;

	for (c = 1; c < 256; c++) {
		for (at = 0; at < MAP_NAME_LEN - 1; at += 7) {
			memset(attr.map_name, 0, MAP_NAME_LEN);
			memset(attr.map_name, 'x', MAP_NAME_LEN - 1);
			attr.map_name[at] = (char)c;
			ck_assert_int_eq(map_name_check(attr.map_name),
					 name_byte_ok(c) ? 0 : -EINVAL);
			if (name_byte_ok(c))
				assert_accepted(&attr);
			else
				assert_refused(&attr, -EINVAL, "name");
			/* What follows the first zero does not count. */
			attr.map_name[0] = '\0';
			ck_assert_int_eq(map_name_check(attr.map_name), 0);
		}
	}
}
END_TEST

/* What is wrong with the shape comes before a size that is too large. */
START_TEST(test_order_size_last)
{
	const struct map_attr large = unit_attr(types[_i], 1u << 31, 4, 0);
	struct map_attr attr = large;

	attr.key_size = 0;
	assert_refused(&attr, -EINVAL, "key");
	attr = large;
	attr.max_entries = 0;
	assert_refused(&attr, -EINVAL, "entries");
	attr = large;
	attr.map_flags = BPF_F_CLONE;
	assert_refused(&attr, -EINVAL, "flags");
	attr = large;
	attr.map_flags = BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG;
	assert_refused(&attr, -EINVAL, "flags");
	attr = large;
	attr.map_extra = 1;
	assert_refused(&attr, -EINVAL, "extra");
	attr = large;
	attr.map_name[0] = '-';
	assert_refused(&attr, -E2BIG, "value");
	attr = large;
	attr.map_flags = BPF_F_NUMA_NODE;
	if (is_percpu(_i))
		assert_refused(&attr, -EINVAL, "numa");
	else
		assert_refused(&attr, -E2BIG, "value");
}
END_TEST

/* The common checks come before the type's, the name last. */
START_TEST(test_order_of_the_rest)
{
	struct map_attr attr = good(_i);

	attr.map_name[0] = '-';
	assert_refused(&attr, -EINVAL, "name");
	attr.key_size = 0;
	assert_refused(&attr, -EINVAL, "key");
	attr.max_entries = 0;
	assert_refused(&attr, -EINVAL, "entries");
	attr.map_type = 0;
	assert_refused(&attr, -EINVAL, "type");
	attr.map_flags = BPF_F_NUMA_NODE;
	attr.numa_node = INT32_MAX;
	assert_refused(&attr, -EINVAL, "numa");
	attr.map_flags |= BPF_F_RDONLY | BPF_F_WRONLY;
	assert_refused(&attr, -EINVAL, "flags");
	attr.map_extra = 1;
	assert_refused(&attr, -EINVAL, "extra");
}
END_TEST

/* What cannot be masked within 32 bits: see index_mask in mapfs/array.h. */
START_TEST(test_unpriv_entries)
{
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) *
			  (uint64_t)sysconf(_SC_PAGESIZE);
	struct map_attr attr = unit_attr(ARRAY, 1, (1u << 31) + 1, 0);
	struct map *map;

	attr.unpriv = true;
	ck_assert_int_eq(unit_create(&attr, &map), -E2BIG);
	attr.max_entries = UINT32_MAX;
	ck_assert_int_eq(unit_create(&attr, &map), -E2BIG);
	attr.max_entries = 1u << 31;
	if (memory > 1ull << 31)
		assert_accepted(&attr);
	attr.unpriv = false;
	attr.max_entries++;
	if (memory > (1ull << 31) + 4096)
		assert_accepted(&attr);
}
END_TEST

/* As large as the machine's memory, of all CPUs together, is too large. */
START_TEST(test_memory)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * page;
	uint32_t slots = types[_i] == ARRAY ? 1 : topology_cpus();
	struct map_attr attr = unit_attr(types[_i], 4096, 0, 0);
	uint64_t most = (memory - 1) / (4096ull * slots);
	struct charge charge = { .bytes = 77 };
	struct map *map;

	ck_assert_uint_lt(most, UINT32_MAX);
	attr.max_entries = (uint32_t)most;
	assert_accepted(&attr);
	attr.max_entries++;
	ck_assert_int_eq(map_create(&attr, &charge, NULL, &map), -ENOMEM);
	ck_assert_uint_eq(charge.bytes, 0);
	attr.max_entries = UINT32_MAX;
	ck_assert_int_eq(map_create(&attr, &charge, NULL, &map), -ENOMEM);
	if (types[_i] == PERCPU_ARRAY)
		attr.value_size = PERCPU_VALUE_MAX;
	else
		attr.value_size = ARRAY_VALUE_MAX;
	ck_assert_int_eq(map_create(&attr, &charge, NULL, &map), -ENOMEM);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "create");

	tcase_add_test(tcase, test_type);
	tcase_add_loop_test(tcase, test_array_key_size, 0, ARRAYS);
	tcase_add_loop_test(tcase, test_max_entries, 0, TYPES);
	tcase_add_test(tcase, test_array_value_size);
	tcase_add_test(tcase, test_percpu_array_value_size);
	tcase_add_loop_test(tcase, test_hash_sizes, ARRAYS, TYPES);
	tcase_add_loop_test(tcase, test_hash_entries, ARRAYS, TYPES);
	tcase_add_loop_test(tcase, test_flags, 0, TYPES);
	tcase_add_loop_test(tcase, test_flags_together, 0, TYPES);
	tcase_add_loop_test(tcase, test_map_extra, 0, TYPES);
	tcase_add_loop_test(tcase, test_numa_node, 0, TYPES);
	tcase_add_loop_test(tcase, test_name_length, 0, TYPES);
	tcase_add_loop_test(tcase, test_name_bytes, 0, TYPES);
	tcase_add_loop_test(tcase, test_order_size_last, 0, TYPES);
	tcase_add_loop_test(tcase, test_order_of_the_rest, 0, TYPES);
	tcase_add_test(tcase, test_unpriv_entries);
	tcase_add_loop_test(tcase, test_memory, 0, ARRAYS);
}
