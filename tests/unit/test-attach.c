/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables that another process made: that both work on the same map, and what
 * is refused, header byte by header byte.
 */
#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "core/hash_table.h"
#include "core/topology.h"
#include "tables.h"

#define RW (PROT_READ | PROT_WRITE)

START_TEST(test_attributes)
{
	static const uint32_t flags[] = {
		BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | BPF_F_RDONLY_PROG,
		BPF_F_ZERO_SEED,
		BPF_F_WRONLY_PROG,
		BPF_F_NO_COMMON_LRU,
	};
	struct map_attr attr = unit_attr(table_types[_i], 11, 9, flags[_i]);
	struct map *map;
	struct map *other;

	attr.key_size = 7;
	attr.map_name[0] = 'x';
	ck_assert_int_eq(unit_create(&attr, &map), 0);
	map_set_id(map, 1234);
	other = table_attach(map, RW);
	ck_assert_ptr_eq(other->ops, map->ops);
	ck_assert_uint_eq(other->map_type, map->map_type);
	ck_assert_uint_eq(other->key_size, 7);
	ck_assert_uint_eq(other->value_size, 11);
	ck_assert_uint_eq(other->max_entries, map->max_entries);
	ck_assert_uint_eq(other->map_flags, flags[_i]);
	ck_assert_uint_eq(other->id, 1234);
	ck_assert_int_eq(other->numa_node, map->numa_node);
	ck_assert_uint_eq(map_value_bytes(other), map_value_bytes(map));
	ck_assert_str_eq(other->name, "");
	ck_assert_uint_eq(other->charge.bytes, 0);
	ck_assert(!map_frozen(other));
	unit_put_map(other);
	unit_put_map(map);
}
END_TEST

START_TEST(test_same_map)
{
	struct map *map = table_open(_i, 100, 0);
	struct map *other;
	uint32_t key;

	table_fill(map, 0, 50);
	other = table_attach(map, RW);
	ck_assert_uint_eq(table_count(other, 0, 100), 50);
	table_fill(other, 50, 50);
	for (key = 0; key < 100; key++)
		ck_assert_int_eq(
			table_put(key % 2 ? map : other, key, BPF_EXIST), 0);
	ck_assert_uint_eq(table_count(map, 0, 100), 100);
	ck_assert_int_eq(table_put(other, 100, BPF_ANY), _i < 2 ? -E2BIG : 0);
	table_assert(map, 100);
	table_assert(other, 100);
	for (key = 1; key < 100; key += 2)
		ck_assert_int_eq(table_delete(other, key), 0);
	table_assert(map, 50);
	unit_put_map(other);
	unit_put_map(map);
}
END_TEST

/* Each has descriptors and mappings of its own. */
START_TEST(test_outlives)
{
	struct map *map = table_open(_i, 100, 0);
	unsigned int fds = unit_count_fds();
	struct map *other = table_attach(map, RW);

	ck_assert_uint_eq(unit_count_fds(), fds + 1);
	table_fill(map, 0, 10);
	unit_put_map(map);
	ck_assert_uint_eq(unit_count_fds(), fds);
	ck_assert_uint_eq(table_count(other, 0, 100), 10);
	table_fill(other, 10, 90);
	table_assert(other, 100);
	map = table_attach(other, PROT_READ);
	unit_put_map(other);
	ck_assert_uint_eq(table_count(map, 0, 100), 100);
	unit_put_map(map);
	ck_assert_uint_eq(unit_count_fds(), fds - 1);
}
END_TEST

START_TEST(test_reader)
{
	struct map *map = table_open(_i, 10, 0);
	struct map *reader;
	uint64_t *value = table_value(1);
	struct map_batch batch = { .keys = value, .values = value, .count = 1 };
	struct map_census census;
	uint32_t keys[10];
	uint32_t key = 1;

	table_fill(map, 0, 9);
	reader = table_attach(map, PROT_READ);
	ck_assert_int_eq(table_put(reader, 1, 99), -EPERM);
	ck_assert_int_eq(map_update_percpu_elem(reader, &key, value, 0, 0),
			 -EPERM);
	ck_assert_int_eq(table_delete(reader, 1), -EPERM);
	ck_assert_int_eq(map_lookup_and_delete_elem(reader, &key, value),
			 -EPERM);
	ck_assert_int_eq(map_update_batch(reader, &batch), -EPERM);
	ck_assert_int_eq(map_delete_batch(reader, &batch), -EPERM);
	ck_assert_int_eq(map_lookup_and_delete_batch(reader, &batch), -EPERM);
	ck_assert_int_eq(map_clear(reader), -EPERM);
	ck_assert_int_eq(map_freeze(reader), -EPERM);
	ck_assert_int_eq(map_owner_get(reader, &key), -EPERM);
	map_owner_end(reader, 1, false);
	ck_assert_uint_eq(table_count(reader, 0, 10), 9);
	ck_assert_int_eq(map_lookup_elem(reader, &key, value), 0);
	ck_assert_uint_eq(table_keys(reader, keys, 10), 9);
	table_fill(map, 9, 1);
	ck_assert(table_has(reader, 9));
	table_assert(reader, 10);
	ck_assert_int_eq(map_check(reader, &census), 0);
	ck_assert_uint_eq(census.owners, 1);
	unit_put_map(reader);
	/* What is frozen can be read by all, and written by none. */
	ck_assert_int_eq(map_freeze(map), 0);
	ck_assert_int_eq(map_attach(table_fd(map), RW, &reader), -EPERM);
	reader = table_attach(map, PROT_READ);
	table_assert(reader, 10);
	unit_put_map(reader);
	unit_put_map(map);
}
END_TEST

START_TEST(test_no_table)
{
	static const uint64_t sizes[] = { 1, 8, 31, 32, 71, 72, 4096, 100000 };
	struct map *array = unit_map(BPF_MAP_TYPE_ARRAY, 8, 10, 0);
	struct region region = REGION_INIT;
	int fds[2];
	size_t i;

	ck_assert_int_eq(pipe(fds), 0);
	table_assert_refused(-1, RW, -EBADF);
	table_assert_refused(fds[0], RW, -EUCLEAN);
	table_assert_refused(table_fd(array), RW, -EUCLEAN);
	close(fds[0]);
	close(fds[1]);
	fds[0] = open("/dev/null", O_RDWR);
	table_assert_refused(fds[0], RW, -EUCLEAN);
	close(fds[0]);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unit_region(&region, sizes[i], false);
		table_assert_refused(region.fd, RW, -EUCLEAN);
		table_assert_refused(region.fd, PROT_READ, -EUCLEAN);
		region_release(&region);
	}
	unit_put_map(array);
}
END_TEST

/* A header alone, or cut short, in an object of the size that it tells. */
START_TEST(test_header_alone)
{
	static const uint64_t sizes[] = { 32, 40, 71, 72, 73, 4096, 1 << 20 };
	struct map *map = table_open(_i, 10, 0);
	struct region region = REGION_INIT;
	struct hash_header header;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t len = sizeof(header);

		ck_assert_int_eq(region_load(map_region(map, 0), 0, &header,
					     sizeof(header)),
				 0);
		header.region.size = sizes[i];
		if (len > sizes[i])
			len = sizes[i];
		unit_region(&region, sizes[i], false);
		ck_assert_int_eq(region_store(&region, 0, &header, len), 0);
		table_assert_refused(region.fd, RW, -EUCLEAN);
		region_release(&region);
	}
	unit_put_map(map);
}
END_TEST

START_TEST(test_descriptor_of_a_reader)
{
	struct map *map = table_open(_i, 10, 0);
	int fd = unit_reopen(map_region(map, 0), O_RDONLY);
	struct map *reader;

	ck_assert_int_ge(fd, 0);
	table_assert_refused(fd, RW, -EACCES);
	ck_assert_int_eq(map_attach(fd, PROT_READ, &reader), 0);
	unit_put_map(reader);
	close(fd);
	unit_limit_fds(0);
	ck_assert_int_eq(map_attach(table_fd(map), RW, &reader), -EMFILE);
	unit_unlimit_fds();
	unit_put_map(map);
}
END_TEST

#define FIELD(field, value_, err_)                                   \
	{                                                            \
		.off = offsetof(struct hash_header, field),          \
		.size = sizeof(((struct hash_header *)NULL)->field), \
		.value = (value_), .err = (err_)                     \
	}

static const struct {
	size_t off;
	size_t size;
	uint64_t value;
	int err;
} fields[] = {
	FIELD(region.magic, 0, -EUCLEAN),
	FIELD(region.magic, REGION_MAGIC + 1, -EUCLEAN),
	FIELD(region.magic, __bswap_constant_64(REGION_MAGIC), -EPROTO),
	FIELD(region.version, 0, -EPROTO),
	FIELD(region.version, REGION_VERSION + 1, -EPROTO),
	FIELD(region.layout, 0, -EPROTO),
	FIELD(region.size, 0, -EUCLEAN),
	FIELD(region.size, UINT64_MAX, -EUCLEAN),
	FIELD(region.map_type, 0, -EOPNOTSUPP),
	FIELD(region.map_type, BPF_MAP_TYPE_ARRAY, -EOPNOTSUPP),
	FIELD(region.map_type, BPF_MAP_TYPE_PERCPU_ARRAY, -EOPNOTSUPP),
	FIELD(region.map_type, 99, -EOPNOTSUPP),
	FIELD(region.map_type, UINT32_MAX, -EOPNOTSUPP),
	FIELD(key_size, 0, -EUCLEAN),
	FIELD(key_size, 9, -EUCLEAN),
	FIELD(key_size, UINT32_MAX, -EUCLEAN),
	FIELD(value_size, 0, -EUCLEAN),
	FIELD(value_size, 9, -EUCLEAN),
	FIELD(value_size, UINT32_MAX, -EUCLEAN),
	FIELD(max_entries, 0, -EUCLEAN),
	FIELD(max_entries, 10000, -EUCLEAN),
	FIELD(max_entries, HASH_ENTRIES_MAX, -EUCLEAN),
	FIELD(max_entries, HASH_ENTRIES_MAX + 1, -EUCLEAN),
	FIELD(max_entries, UINT32_MAX, -EUCLEAN),
	FIELD(map_flags, UINT32_MAX, -EUCLEAN),
	FIELD(map_flags, BPF_F_MMAPABLE, -EUCLEAN),
	FIELD(cpus, 0, -EPROTO),
	FIELD(cpus, UINT32_MAX, -EPROTO),
	FIELD(shards, 0, -EUCLEAN),
	FIELD(shards, UINT32_MAX, -EUCLEAN),
};

START_TEST(test_header_fields)
{
	struct map *map = table_open(_i, 100, 0);
	struct region *region = map_region(map, 0);
	struct hash_header good;
	size_t i;

	ck_assert_int_eq(region_load(region, 0, &good, sizeof(good)), 0);
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		ck_assert_int_eq(region_store(region, fields[i].off,
					      &fields[i].value, fields[i].size),
				 0);
		table_assert_refused(region->fd, RW, fields[i].err);
		table_assert_refused(region->fd, PROT_READ, fields[i].err);
		ck_assert_int_eq(region_store(region, 0, &good, sizeof(good)),
				 0);
		unit_put_map(table_attach(map, RW));
	}
	table_assert(map, 0);
	unit_put_map(map);
}
END_TEST

/* Sizes may have become others than those the table was made with. */
static void use_map(struct map *map)
{
	void *key = calloc(1, map->key_size);
	void *value = calloc(1, map_value_bytes(map));

	map_update_elem(map, key, value, BPF_ANY);
	map_get_next_key(map, NULL, key);
	map_lookup_and_delete_elem(map, key, value);
	free(key);
	free(value);
}

/* Any byte, any value: refused, or a map that can be used. */
START_TEST(test_header_bytes)
{
	struct map *map = table_open(_i, 100, 0);
	struct region *region = map_region(map, 0);
	struct hash_header good;
	struct map *other;
	uint64_t used = 0;
	size_t off;
	int bit;
	int err;

	ck_assert_int_eq(region_load(region, 0, &good, sizeof(good)), 0);
	for (off = 0; off < sizeof(good); off++) {
		for (bit = 0; bit < 8; bit++) {
			unsigned char byte = ((unsigned char *)&good)[off] ^
					     (unsigned char)(1 << bit);

			ck_assert_int_eq(region_store(region, off, &byte, 1),
					 0);
			err = map_attach(region->fd, RW, &other);
			if (!err) {
				use_map(other);
				unit_put_map(other);
				used++;
			} else {
				ck_assert(err == -EUCLEAN || err == -EPROTO ||
					  err == -EOPNOTSUPP);
			}
			ck_assert_int_eq(
				region_store(region, 0, &good, sizeof(good)),
				0);
		}
	}
	/*
	 * The id, the seed, the node and what is not used; some of the flags;
	 * and sizes that come to the same layout.
	 */
	ck_assert_uint_le(used, (4 + 8 + 4 + 4) * 8 + 8 + 16);
	unit_put_map(map);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "attach");

	tcase_add_loop_test(tcase, test_attributes, 0, TABLES);
	tcase_add_loop_test(tcase, test_same_map, 0, TABLES);
	tcase_add_loop_test(tcase, test_outlives, 0, TABLES);
	tcase_add_loop_test(tcase, test_reader, 0, TABLES);

	tcase = unit_case(suite, "refused");
	tcase_add_test(tcase, test_no_table);
	tcase_add_loop_test(tcase, test_header_alone, 0, TABLES);
	tcase_add_loop_test(tcase, test_descriptor_of_a_reader, 0, TABLES);
	tcase_add_loop_test(tcase, test_header_fields, 0, TABLES);
	tcase_add_loop_test(tcase, test_header_bytes, 0, TABLES);
}
