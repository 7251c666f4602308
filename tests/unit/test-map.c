/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generic part of a map: the registry, what creation stores and charges,
 * references and the deferred free, and how absent operations are answered.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "core/topology.h"
#include "mapfs/array.h"
#include "tables.h"

#define ARRAY	     BPF_MAP_TYPE_ARRAY
#define PERCPU_ARRAY BPF_MAP_TYPE_PERCPU_ARRAY

START_TEST(test_registry)
{
	uint32_t type;
	uint32_t n = 0;

	ck_assert_uint_eq(map_type_by_name("array"), ARRAY);
	ck_assert_uint_eq(map_type_by_name("percpu_array"), PERCPU_ARRAY);
	ck_assert_uint_eq(map_type_by_name("hash"), HASH);
	ck_assert_uint_eq(map_type_by_name("percpu_hash"), PERCPU_HASH);
	ck_assert_uint_eq(map_type_by_name("lru_hash"), LRU_HASH);
	ck_assert_uint_eq(map_type_by_name("lru_percpu_hash"), LRU_PERCPU_HASH);
	ck_assert_uint_eq(map_type_by_name("Array"), 0);
	ck_assert_uint_eq(map_type_by_name("arra"), 0);
	ck_assert_uint_eq(map_type_by_name("arrayx"), 0);
	ck_assert_uint_eq(map_type_by_name(""), 0);
	for (type = 0; type < map_type_end(); type++) {
		const char *name = map_type_name(type);

		ck_assert_int_eq(!name, !map_type_ops(type));
		if (!name)
			continue;
		ck_assert_uint_eq(map_type_by_name(name), type);
		n++;
	}
	ck_assert_uint_ge(n, 6);
	ck_assert_ptr_null(map_type_ops(0));
	for (type = map_type_end(); type < map_type_end() + 5; type++) {
		ck_assert_ptr_null(map_type_name(type));
		ck_assert_ptr_null(map_type_ops(type));
	}
	ck_assert_ptr_null(map_type_name(UINT32_MAX));
	ck_assert_ptr_null(map_type_ops(UINT32_MAX));
}
END_TEST

START_TEST(test_attributes_are_kept)
{
	struct map_attr attr = unit_attr(ARRAY, 11, 22, BPF_F_MMAPABLE);
	struct map *map;

	memcpy(attr.map_name, "a.name_15_chars", 16);
	attr.numa_node = 44;
	attr.unpriv = true;
	ck_assert_int_eq(unit_create(&attr, &map), 0);
	ck_assert_ptr_eq(map->ops, map_type_ops(ARRAY));
	ck_assert_uint_eq(map->map_type, ARRAY);
	ck_assert_uint_eq(map->key_size, 4);
	ck_assert_uint_eq(map->value_size, 11);
	ck_assert_uint_eq(map->max_entries, 22);
	ck_assert_uint_eq(map->map_flags, BPF_F_MMAPABLE);
	ck_assert_uint_eq(map->id, 0);
	ck_assert_uint_eq(map->map_extra, 0);
	ck_assert_int_eq(map->numa_node, NUMA_NO_NODE);
	ck_assert(map->unpriv_array);
	ck_assert_str_eq(map->name, "a.name_15_chars");
	ck_assert(!map_frozen(map));
	unit_put_map(map);

	attr.map_flags = BPF_F_NUMA_NODE;
	attr.numa_node = 0;
	ck_assert_int_eq(unit_create(&attr, &map), 0);
	ck_assert_int_eq(map->numa_node, 0);
	unit_put_map(map);
}
END_TEST

START_TEST(test_shape)
{
	const uint32_t cpus = topology_cpus();
	uint32_t size;

	for (size = 1; size <= 33; size++) {
		struct map *map = unit_map(ARRAY, size, 3, BPF_F_MMAPABLE);
		uint32_t padded = (size + 7) / 8 * 8;

		ck_assert_uint_eq(map_slot_bytes(map), size);
		ck_assert_uint_eq(map_value_slots(map), 1);
		ck_assert_uint_eq(map_value_bytes(map), size);
		ck_assert_uint_eq(map_used_entries(map), 3);
		ck_assert_uint_eq(map->ops->map_record_size(map), padded);
		unit_put_map(map);

		map = unit_map(ARRAY, size, 3, 0);
		ck_assert_uint_eq(map->ops->map_record_size(map), size);
		unit_put_map(map);

		map = unit_map(PERCPU_ARRAY, size, 3, 0);
		ck_assert_uint_eq(map_slot_bytes(map), padded);
		ck_assert_uint_eq(map_value_slots(map), cpus);
		ck_assert_uint_eq(map_value_bytes(map), padded * cpus);
		ck_assert_uint_eq(map_used_entries(map), 3);
		ck_assert_uint_eq(map->ops->map_record_size(map),
				  padded * cpus);
		unit_put_map(map);
	}
}
END_TEST

/* The whole size, rounded up to pages, and something for the map itself. */
START_TEST(test_charge)
{
	static const struct {
		uint32_t value;
		uint32_t entries;
		uint32_t flags;
		uint64_t bytes;
	} maps[] = {
		{ 8, 1, 0, 4096 },
		{ 8, 512, 0, 4096 },
		{ 8, 513, 0, 8192 },
		{ 1, 4096, 0, 4096 },
		{ 1, 4097, 0, 8192 },
		{ 1, 512, BPF_F_MMAPABLE, 4096 },
		{ 1, 513, BPF_F_MMAPABLE, 8192 },
	};
	struct charge_domain domain;
	struct charge charge = { &domain, 1000, 0 };
	struct map_attr attr;
	struct map *map;
	size_t i;

	charge_domain_init(&domain, UINT64_MAX, UINT64_MAX);
	for (i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		attr = unit_attr(ARRAY, maps[i].value, maps[i].entries,
				 maps[i].flags);
		ck_assert_int_eq(map_create(&attr, &charge, NULL, &map), 0);
		ck_assert_uint_eq(charge.bytes, maps[i].bytes + MAP_OVERHEAD);
		ck_assert_uint_eq(charge_usage(&domain, 1000).user,
				  charge.bytes);
		map_get(map);
		map_put(map);
		ck_assert_uint_eq(charge_usage(&domain, 1000).user,
				  charge.bytes);
		/* Back at once, whenever the memory goes. */
		map_put(map);
		ck_assert_uint_eq(charge_usage(&domain, 1000).total, 0);
		map_free_wait();
	}
	attr = unit_attr(PERCPU_ARRAY, 1, 513, 0);
	ck_assert_int_eq(map_create(&attr, &charge, NULL, &map), 0);
	ck_assert_uint_eq(charge.bytes, 8192 * topology_cpus() + MAP_OVERHEAD);
	unit_put_map(map);
	charge_domain_release(&domain);
}
END_TEST

START_TEST(test_charge_limit)
{
	struct map_attr attr = unit_attr(ARRAY, 8, 512, 0);
	struct charge_domain domain;
	struct charge charge = { &domain, 1000, 0 };
	unsigned int fds = unit_count_fds();
	struct map *map = NULL;

	charge_domain_init(&domain, 4096 + MAP_OVERHEAD - 1, UINT64_MAX);
	ck_assert_int_eq(map_create(&attr, &charge, NULL, &map), -EPERM);
	ck_assert_ptr_null(map);
	/* What it would have cost, for the message. */
	ck_assert_uint_eq(charge.bytes, 4096 + MAP_OVERHEAD);
	ck_assert_uint_eq(charge_usage(&domain, 1000).total, 0);
	ck_assert_uint_eq(unit_count_fds(), fds);
	domain.limit++;
	ck_assert_int_eq(map_create(&attr, &charge, NULL, &map), 0);
	unit_put_map(map);
	ck_assert_uint_eq(charge_usage(&domain, 1000).total, 0);
	charge_domain_release(&domain);
}
END_TEST

/* A descriptor for each region; those taken are given back. */
START_TEST(test_no_descriptor)
{
	struct map_attr attr = unit_attr(PERCPU_ARRAY, 8, 4, 0);
	struct charge charge = { .bytes = 77 };
	uint32_t cpus = topology_cpus();
	struct map *map;

	if (cpus >= 60)
		return;
	unit_limit_fds(cpus - 1);
	ck_assert_int_eq(map_create(&attr, &charge, NULL, &map), -EMFILE);
	ck_assert_uint_eq(charge.bytes, 0);
	attr.map_type = ARRAY;
	if (cpus > 1) {
		ck_assert_int_eq(unit_create(&attr, &map), 0);
		unit_put_map(map);
	}
	unit_unlimit_fds();
}
END_TEST

START_TEST(test_enough_descriptors)
{
	uint32_t cpus = topology_cpus();

	if (cpus >= 60)
		return;
	unit_limit_fds(cpus);
	unit_put_map(unit_map(PERCPU_ARRAY, 8, 4, 0));
	unit_put_map(unit_map(PERCPU_ARRAY, 8, 4, 0));
	unit_unlimit_fds();
}
END_TEST

START_TEST(test_last_put_frees)
{
	struct map *map = unit_map(PERCPU_ARRAY, 8, 4, 0);
	uint32_t cpus = topology_cpus();
	unsigned int fds = unit_count_fds();
	uint64_t *value = calloc(cpus, sizeof(*value));

	map_get(map);
	map_get(map);
	map_put(map);
	map_put(map);
	map_free_wait();
	ck_assert_uint_eq(unit_count_fds(), fds);
	ck_assert_int_eq(unit_update(map, 3, value, BPF_ANY), 0);
	unit_put_map(map);
	ck_assert_uint_eq(unit_count_fds(), fds - cpus);
	map_free_wait();
	free(value);
}
END_TEST

/* Gone when the call returns, if it was the last one. */
START_TEST(test_put_now)
{
	struct map *map = table_open(_i, 10, 0);
	unsigned int fds = unit_count_fds();

	map_get(map);
	map_put_now(map);
	ck_assert_uint_eq(unit_count_fds(), fds);
	table_fill(map, 0, 10);
	map_put_now(map);
	ck_assert_uint_eq(unit_count_fds(), fds - 1);
}
END_TEST

/* A map whose operations are all absent but for its end. */
static sem_t free_started;
static sem_t free_may_end;
static atomic_uint freed;

static void bare_map_free(struct map *map)
{
	(void)map;
	atomic_fetch_add(&freed, 1);
}

static void slow_map_free(struct map *map)
{
	sem_post(&free_started);
	sem_wait(&free_may_end);
	bare_map_free(map);
}

static const struct map_ops bare_map_ops = {
	.map_free = bare_map_free,
};

static const struct map_ops slow_map_ops = {
	.map_free = slow_map_free,
};

static struct map bare_map(const struct map_ops *ops)
{
	struct map map = {
		.ops = ops,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 1,
		.refcnt = 1,
		.freeze_mutex = PTHREAD_MUTEX_INITIALIZER,
	};

	return map;
}

/* Nobody who drops the last reference waits for the memory to go. */
START_TEST(test_free_is_deferred)
{
	struct map slow = bare_map(&slow_map_ops);
	struct map bare = bare_map(&bare_map_ops);

	sem_init(&free_started, 0, 0);
	sem_init(&free_may_end, 0, 0);
	map_put(&slow);
	sem_wait(&free_started);
	map_put(&bare);
	ck_assert_uint_eq(atomic_load(&freed), 0);
	sem_post(&free_may_end);
	map_free_wait();
	ck_assert_uint_eq(atomic_load(&freed), 2);
}
END_TEST

/* Without a thread to do it, the one who puts the map frees it. */
START_TEST(test_free_without_thread)
{
	struct map bare = bare_map(&bare_map_ops);
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	ck_assert_int_eq(pthread_attr_setstacksize(&attr, 1ull << 46), 0);
	ck_assert_int_eq(pthread_setattr_default_np(&attr), 0);
	map_put(&bare);
	ck_assert_uint_eq(atomic_load(&freed), 1);
	map_free_wait();
}
END_TEST

#define THREADS 4
#define MAPS	200

static struct map maps[MAPS];

static void *putter(void *unused)
{
	int i;

	(void)unused;
	for (i = 0; i < MAPS; i++) {
		map_get(&maps[i]);
		map_put(&maps[i]);
		map_put(&maps[i]);
	}
	return NULL;
}

/* Each thread drops a reference of each map: one of them is the last. */
START_TEST(test_put_by_threads)
{
	pthread_t threads[THREADS];
	int i;

	for (i = 0; i < MAPS; i++) {
		maps[i] = bare_map(&bare_map_ops);
		atomic_store(&maps[i].refcnt, THREADS);
	}
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, putter, NULL), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	map_free_wait();
	ck_assert_uint_eq(atomic_load(&freed), MAPS);
}
END_TEST

static void assert_writing_gives(struct map *map, int err)
{
	struct map_batch batch = { .count = 1 };
	uint32_t key = 0;
	uint64_t value = 0;

	ck_assert_int_eq(map_update_elem(map, &key, &value, 0), err);
	ck_assert_int_eq(map_update_percpu_elem(map, &key, &value, 0, 0), err);
	ck_assert_int_eq(map_delete_elem(map, &key), err);
	ck_assert_int_eq(map_lookup_and_delete_elem(map, &key, &value), err);
	ck_assert_int_eq(map_push_elem(map, &value, 0), err);
	ck_assert_int_eq(map_pop_elem(map, &value), err);
	ck_assert_int_eq(map_update_batch(map, &batch), err);
	ck_assert_int_eq(map_delete_batch(map, &batch), err);
	ck_assert_int_eq(map_lookup_and_delete_batch(map, &batch), err);
	ck_assert_uint_eq(batch.count, 1);
	ck_assert_int_eq(map_write(map, &value, 8, 0), err);
	ck_assert_int_eq(map_clear(map), err);
}

static void assert_reading_is_absent(struct map *map)
{
	struct map_batch batch = { .count = 1 };
	struct map_census census;
	struct mapfs_array array;
	uint64_t value = 0;
	uint32_t key = 0;
	uint64_t pos = 0;
	uint32_t off;

	ck_assert_int_eq(map_lookup_elem_sys_only(map, &key, &value),
			 -EOPNOTSUPP);
	ck_assert_int_eq(map_lookup_elem_mark(map, &key, &value), -EOPNOTSUPP);
	ck_assert_int_eq(map_lookup_elem(map, &key, &value), -EOPNOTSUPP);
	ck_assert_int_eq(map_peek_elem(map, &value), -EOPNOTSUPP);
	ck_assert_int_eq(map_lookup_percpu_elem(map, &key, &value, 0),
			 -EOPNOTSUPP);
	ck_assert_int_eq(map_get_next_key(map, NULL, &key), -EOPNOTSUPP);
	ck_assert_int_eq(map_lookup_batch(map, &batch), -EOPNOTSUPP);
	ck_assert_uint_eq(batch.count, 1);
	ck_assert_int_eq(map_seq_show_elem(map, &pos, &key, &value, 1),
			 -EOPNOTSUPP);
	ck_assert_int_eq(map_read(map, &value, 8, 0), -EOPNOTSUPP);
	ck_assert_int_eq(map_mmap(map, PROT_READ), -EOPNOTSUPP);
	ck_assert_int_eq(map_mmap(map, PROT_READ | PROT_WRITE), -EOPNOTSUPP);
	ck_assert_ptr_null(map_region(map, 0));
	ck_assert_int_eq(map_check(map, &census), -EOPNOTSUPP);
	ck_assert_int_eq(map_owner_get(map, &key), -EOPNOTSUPP);
	map_owner_set(map, 1);
	map_owner_end(map, 1, false);
	ck_assert_int_eq(map_gen_lookup(map, 0, &array), -EOPNOTSUPP);
	ck_assert_int_eq(map_direct_value_addr(map, &value, 0, 0), -EOPNOTSUPP);
	ck_assert_int_eq(map_direct_value_meta(map, value, &key, &off),
			 -EOPNOTSUPP);
}

/* Frozen comes before absent, as in the kernel, but not for mmap. */
START_TEST(test_absent_operations)
{
	struct map bare = bare_map(&bare_map_ops);

	assert_writing_gives(&bare, -EOPNOTSUPP);
	assert_reading_is_absent(&bare);
	ck_assert_int_eq(map_freeze(&bare), 0);
	assert_writing_gives(&bare, -EPERM);
	assert_reading_is_absent(&bare);
}
END_TEST

/* A table is charged as large as it can become, whatever it holds. */
START_TEST(test_charge_of_table)
{
	struct map *map = table_open(_i, 1000, 0);

	ck_assert_uint_eq(map->charge.bytes,
			  map_region(map, 0)->size + MAP_OVERHEAD);
	ck_assert_uint_gt(map->charge.bytes, 1000 * map_value_bytes(map));
	ck_assert_ptr_null(map_region(map, 1));
	unit_put_map(map);
}
END_TEST

static void assert_no_table(struct map *map)
{
	struct map_census census;
	uint32_t owner;

	ck_assert_int_eq(map_check(map, &census), -EOPNOTSUPP);
	ck_assert_int_eq(map_owner_get(map, &owner), -EOPNOTSUPP);
	unit_put_map(map);
}

/* What the array types lack. */
START_TEST(test_absent_by_type)
{
	struct map *map = unit_map(ARRAY, 8, 4, 0);
	uint32_t key = 0;
	uint64_t value = 0;
	uint32_t off;

	ck_assert_int_eq(map_lookup_percpu_elem(map, &key, &value, 0),
			 -EOPNOTSUPP);
	ck_assert_int_eq(map_update_percpu_elem(map, &key, &value, 0, 0),
			 -EOPNOTSUPP);
	unit_put_map(map);
	map = unit_map(PERCPU_ARRAY, 8, 4, 0);
	ck_assert_int_eq(map_mmap(map, PROT_READ), 0);
	ck_assert_int_eq(map_direct_value_addr(map, &value, 0, 0), -EOPNOTSUPP);
	ck_assert_int_eq(map_direct_value_meta(map, value, &key, &off),
			 -EOPNOTSUPP);
	unit_put_map(map);
	assert_no_table(unit_map(ARRAY, 8, 4, 0));
	assert_no_table(unit_map(PERCPU_ARRAY, 8, 4, 0));
}
END_TEST

/* And what tables lack. */
START_TEST(test_absent_of_tables)
{
	struct map *map = table_open(_i, 10, 0);
	struct mapfs_array array;
	uint64_t value = 0;
	uint32_t key;
	uint32_t off;

	ck_assert_int_eq(map_read(map, &value, 8, 0), -EOPNOTSUPP);
	ck_assert_int_eq(map_write(map, &value, 8, 0), -EOPNOTSUPP);
	ck_assert_int_eq(map_mmap(map, PROT_READ), -EOPNOTSUPP);
	ck_assert_int_eq(map_gen_lookup(map, 0, &array), -EOPNOTSUPP);
	ck_assert_int_eq(map_direct_value_addr(map, &value, 0, 0), -EOPNOTSUPP);
	ck_assert_int_eq(map_direct_value_meta(map, value, &key, &off),
			 -EOPNOTSUPP);
	unit_put_map(map);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "create");

	tcase_add_test(tcase, test_registry);
	tcase_add_test(tcase, test_attributes_are_kept);
	tcase_add_test(tcase, test_shape);
	tcase_add_test(tcase, test_charge);
	tcase_add_test(tcase, test_charge_limit);
	tcase_add_loop_test(tcase, test_charge_of_table, 0, TABLES);
	tcase_add_test(tcase, test_no_descriptor);
	tcase_add_test(tcase, test_enough_descriptors);

	tcase = unit_case(suite, "free");
	tcase_add_test(tcase, test_last_put_frees);
	tcase_add_loop_test(tcase, test_put_now, 0, TABLES);
	tcase_add_test(tcase, test_free_is_deferred);
	tcase_add_test(tcase, test_free_without_thread);
	tcase_add_test(tcase, test_put_by_threads);

	tcase = unit_case(suite, "absent");
	tcase_add_test(tcase, test_absent_operations);
	tcase_add_test(tcase, test_absent_by_type);
	tcase_add_loop_test(tcase, test_absent_of_tables, 0, TABLES);
}
