/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps of maps: what they hold and let go, also when their memory is spoilt. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "unit.h"

#define ARRAY_OF_MAPS BPF_MAP_TYPE_ARRAY_OF_MAPS
#define HASH_OF_MAPS  BPF_MAP_TYPE_HASH_OF_MAPS

/* A space of three maps, with ids from 1 on, and how often each is held. */
#define INNERS 3u

static struct map *inners[INNERS];
static uint32_t held[INNERS];

static int test_get(struct map_space *space, uint32_t id, struct map **map)
{
	(void)space;
	if (!id || id > INNERS)
		return -EBADF;
	*map = inners[id - 1];
	map_get(*map);
	held[id - 1]++;
	return 0;
}

static void test_put(struct map_space *space, struct map *map)
{
	(void)space;
	ck_assert_uint_gt(held[map->id - 1], 0);
	held[map->id - 1]--;
	map_put(map);
}

static int test_find(struct map_space *space, const char *text, size_t len,
		     uint32_t *id)
{
	(void)space;
	if (len != 1 || *text < 'a' || *text >= 'a' + (char)INNERS)
		return -ENOENT;
	*id = (uint32_t)(*text - 'a') + 1;
	return 0;
}

static void test_name(struct map_space *space, uint32_t id,
		      char text[MAP_TEXT_LEN])
{
	(void)space;
	snprintf(text, MAP_TEXT_LEN, "%c", (char)('a' + id - 1));
}

static struct map_space space = {
	.get = test_get,
	.put = test_put,
	.find = test_find,
	.name = test_name,
};

static const uint32_t types[] = { ARRAY_OF_MAPS, HASH_OF_MAPS };

static void setup(void)
{
	uint32_t i;

	for (i = 0; i < INNERS; i++) {
		inners[i] = unit_map(BPF_MAP_TYPE_ARRAY, 8, 4, 0);
		map_set_id(inners[i], i + 1);
		held[i] = 0;
	}
}

static void teardown(void)
{
	uint32_t i;

	for (i = 0; i < INNERS; i++) {
		ck_assert_uint_eq(held[i], 0);
		ck_assert_uint_eq(inners[i]->refcnt, 1);
		unit_put_map(inners[i]);
	}
}

static struct map_attr outer_attr(uint32_t map_type, uint32_t max_entries)
{
	struct map_attr attr = unit_attr(map_type, 4, max_entries, 0);

	attr.inner_map = inners[0];
	attr.space = &space;
	return attr;
}

static struct map *outer_open(uint32_t map_type, uint32_t max_entries)
{
	struct map_attr attr = outer_attr(map_type, max_entries);
	struct map *map;

	ck_assert_int_eq(unit_create(&attr, &map), 0);
	return map;
}

static void assert_held(uint32_t a, uint32_t b, uint32_t c)
{
	ck_assert_uint_eq(held[0], a);
	ck_assert_uint_eq(held[1], b);
	ck_assert_uint_eq(held[2], c);
}

static int put(struct map *map, uint32_t key, uint32_t id)
{
	return unit_update(map, key, &id, BPF_ANY);
}

static uint32_t get(struct map *map, uint32_t key)
{
	uint32_t id = 0;

	return unit_lookup(map, key, &id) ? 0 : id;
}

START_TEST(test_hold)
{
	struct map *map = outer_open(types[_i], 4);
	uint32_t key = 2;

	ck_assert_int_eq(put(map, 2, 1), 0);
	ck_assert_int_eq(put(map, 3, 1), 0);
	assert_held(2, 0, 0);
	ck_assert_uint_eq(get(map, 3), 1);
	ck_assert_uint_eq(map_used_entries(map), 2);
	ck_assert_int_eq(put(map, 2, 2), 0);
	assert_held(1, 1, 0);
	/* By the same one once more. */
	ck_assert_int_eq(put(map, 2, 2), 0);
	assert_held(1, 1, 0);
	ck_assert_int_eq(put(map, 2, INNERS + 1), -EBADF);
	assert_held(1, 1, 0);
	ck_assert_int_eq(map_delete_elem(map, &key), 0);
	ck_assert_int_eq(map_delete_elem(map, &key), -ENOENT);
	assert_held(1, 0, 0);
	ck_assert_int_eq(put(map, 0, 3), 0);
	ck_assert_int_eq(map_clear(map), 0);
	assert_held(0, 0, 0);
	ck_assert_uint_eq(get(map, 3), 0);
	ck_assert_uint_eq(map_used_entries(map), 0);
	ck_assert_int_eq(put(map, 0, 3), 0);
	ck_assert_int_eq(put(map, 1, 3), 0);
	assert_held(0, 0, 2);
	unit_put_map(map);
}
END_TEST

/* What fails leaves nothing held. */
START_TEST(test_fail)
{
	struct map *map = outer_open(types[_i], 1);
	struct map *large = unit_map(BPF_MAP_TYPE_ARRAY, 8, 5, 0);
	struct map *was = inners[2];
	uint32_t id = 1;
	uint32_t key = 0;

	ck_assert_int_eq(put(map, 0, 1), 0);
	ck_assert_int_eq(put(map, 1, 2), -E2BIG);
	ck_assert_int_eq(unit_update(map, 0, &id, 3), -EINVAL);
	ck_assert_int_eq(unit_update(map, 0, &id, BPF_NOEXIST),
			 _i ? -EEXIST : -EINVAL);
	ck_assert_int_eq(unit_update(map, 1, &id, BPF_EXIST),
			 _i ? -ENOENT : -EINVAL);
	map_set_id(large, 3);
	inners[2] = large;
	ck_assert_int_eq(put(map, 0, 3), -EINVAL);
	inners[2] = was;
	assert_held(1, 0, 0);
	ck_assert_int_eq(map_freeze(map), 0);
	ck_assert_int_eq(put(map, 0, 2), -EPERM);
	ck_assert_int_eq(map_delete_elem(map, &key), -EPERM);
	ck_assert_int_eq(map_clear(map), -EPERM);
	assert_held(1, 0, 0);
	unit_put_map(map);
	unit_put_map(large);
}
END_TEST

static const struct {
	uint32_t type, key, value, entries, flags;
	int err;
	const char *word;
} creations[] = {
	{ ARRAY_OF_MAPS, 4, 4, 1, BPF_F_RDONLY, 0, NULL },
	{ ARRAY_OF_MAPS, 4, 4, 0, 0, -EINVAL, "entries" },
	{ ARRAY_OF_MAPS, 8, 4, 1, 0, -EINVAL, "key" },
	{ ARRAY_OF_MAPS, 4, 8, 1, 0, -EINVAL, "value" },
	{ ARRAY_OF_MAPS, 4, 4, 1, BPF_F_MMAPABLE, -EINVAL, "flags" },
	{ ARRAY_OF_MAPS, 4, 4, 1, BPF_F_INNER_MAP, -EINVAL, "flags" },
	{ ARRAY_OF_MAPS, 4, 4, 1, BPF_F_RDONLY_PROG, -EINVAL, "flags" },
	{ HASH_OF_MAPS, 100, 4, 1, BPF_F_RDONLY_PROG, 0, NULL },
	{ HASH_OF_MAPS, HASH_SIZE_MAX - 4, 4, 1, 0, 0, NULL },
	{ HASH_OF_MAPS, HASH_SIZE_MAX - 3, 4, 1, 0, -E2BIG, "value" },
	{ HASH_OF_MAPS, 4, 3, 1, 0, -EINVAL, "value" },
	{ HASH_OF_MAPS, 4, 4, HASH_ENTRIES_MAX + 1, 0, -E2BIG, "entries" },
	{ HASH_OF_MAPS, 4, 4, 1, BPF_F_NO_COMMON_LRU, -EINVAL, "flags" },
};

#define NCREATIONS ((int)(sizeof(creations) / sizeof(creations[0])))

START_TEST(test_create)
{
	struct map_attr attr =
		outer_attr(creations[_i].type, creations[_i].entries);
	struct map_refusal refusal = { "", "" };
	struct charge charge = { 0 };
	struct map *map;
	int err;

	attr.key_size = creations[_i].key;
	attr.value_size = creations[_i].value;
	attr.map_flags = creations[_i].flags;
	err = map_create(&attr, &charge, &refusal, &map);
	ck_assert_int_eq(err, creations[_i].err);
	if (err)
		ck_assert_str_eq(refusal.word, creations[_i].word);
	else
		unit_put_map(map);
}
END_TEST

START_TEST(test_example)
{
	struct map_attr attr = outer_attr(types[_i], 4);
	struct map *outer = outer_open(types[_i], 4);
	struct map *map;

	attr.inner_map = NULL;
	ck_assert_int_eq(unit_create(&attr, &map), -EBADF);
	attr.inner_map = outer;
	ck_assert_int_eq(unit_create(&attr, &map), -EINVAL);
	ck_assert_uint_eq(outer->inner_map_meta->max_entries, 4);
	ck_assert_uint_eq(outer->inner_map_meta->id, 1);
	ck_assert_uint_eq(inners[0]->refcnt, 1);
	unit_put_map(outer);
}
END_TEST

/* Slots of a large array that were never used cost a listing nothing. */
START_TEST(test_list)
{
	struct map *map = outer_open(ARRAY_OF_MAPS, 1u << 30);
	const uint32_t used[] = { 5, 6, 70000, (1u << 30) - 1 };
	uint32_t keys[2];
	uint32_t ids[2];
	uint64_t pos = 0;
	uint32_t i;

	ck_assert_int_eq(map_seq_show_elem(map, &pos, keys, ids, 2), 0);
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(put(map, used[i], i % INNERS + 1), 0);
	pos = 0;
	for (i = 0; i < 4; i += 2) {
		ck_assert_int_eq(map_seq_show_elem(map, &pos, keys, ids, 2), 2);
		ck_assert_uint_eq(keys[0], used[i]);
		ck_assert_uint_eq(keys[1], used[i + 1]);
		ck_assert_uint_eq(ids[1], (i + 1) % INNERS + 1);
	}
	ck_assert_int_eq(map_seq_show_elem(map, &pos, keys, NULL, 2), 0);
	unit_put_map(map);
}
END_TEST

START_TEST(test_file)
{
	struct map *map = outer_open(ARRAY_OF_MAPS, 4);
	uint32_t ids[4] = { 1, 0, 3, 3 };
	uint32_t got[4];

	ck_assert_int_eq(map_write(map, ids, sizeof(ids), 0), sizeof(ids));
	assert_held(1, 0, 2);
	ids[0] = 0;
	ids[1] = 99;
	ck_assert_int_eq(map_write(map, ids, sizeof(ids), 0), 4);
	assert_held(0, 0, 2);
	ck_assert_int_eq(map_write(map, ids + 1, 4, 0), -EBADF);
	ck_assert_int_eq(map_write(map, ids, 4, 2), -EINVAL);
	ck_assert_int_eq(map_write(map, ids, 3, 0), -EINVAL);
	ck_assert_int_eq(map_write(map, ids, 4, 16), -EPERM);
	ck_assert_int_eq(map_write(map, ids, 4, UINT64_MAX - 3), -EPERM);
	ck_assert_int_eq(map_read(map, got, sizeof(got), 0), sizeof(got));
	ck_assert_uint_eq(got[0] + got[1], 0);
	ck_assert_uint_eq(got[3], 3);
	unit_put_map(map);
}
END_TEST

START_TEST(test_take_all)
{
	struct map *map = outer_open(HASH_OF_MAPS, 4);
	uint32_t keys[4];
	uint32_t ids[4];
	uint32_t token;
	struct map_batch batch = {
		.out_batch = &token,
		.keys = keys,
		.values = ids,
		.count = 4,
		.flags = 1,
	};

	ck_assert_int_eq(put(map, 1, 1), 0);
	ck_assert_int_eq(put(map, 7, 2), 0);
	ids[0] = ids[1] = ids[2] = ids[3] = 1;
	ck_assert_int_eq(map_lookup_and_delete_batch(map, &batch), -EINVAL);
	assert_held(1, 1, 0);
	batch.flags = 0;
	ck_assert_int_eq(map_lookup_and_delete_batch(map, &batch), -ENOENT);
	ck_assert_uint_eq(batch.count, 2);
	assert_held(0, 0, 0);
	unit_put_map(map);
}
END_TEST

/* Bytes all over the table, by who gets at its memory. */
START_TEST(test_spoilt)
{
	int fd = dup(STDERR_FILENO);
	struct map *map;
	uint32_t junk[1024];
	struct stat table;
	off_t off;
	off_t len;
	uint32_t id = 0;
	uint32_t key;
	uint32_t i;

	/* The lowest descriptor is the table's. */
	close(fd);
	map = outer_open(types[_i], 100);
	for (key = 0; key < 100; key++)
		ck_assert_int_eq(put(map, key, key % INNERS + 1), 0);
	for (i = 0; i < 1024; i++)
		junk[i] = i * 2654435761u >> (i % 31);
	ck_assert_int_eq(fstat(fd, &table), 0);
	for (off = 0; off < table.st_size; off += len) {
		len = table.st_size - off;
		if (len > (off_t)sizeof(junk))
			len = sizeof(junk);
		ck_assert_int_eq(pwrite(fd, junk, (size_t)len, off), len);
	}
	for (key = 0; key < 100; key++) {
		unit_lookup(map, key, &id);
		put(map, key, 1);
		map_delete_elem(map, &key);
	}
	map_clear(map);
	unit_put_map(map);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "maps of maps");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_hold, 0, 2);
	tcase_add_loop_test(tcase, test_fail, 0, 2);
	tcase_add_loop_test(tcase, test_create, 0, NCREATIONS);
	tcase_add_loop_test(tcase, test_example, 0, 2);
	tcase_add_test(tcase, test_list);
	tcase_add_test(tcase, test_file);
	tcase_add_test(tcase, test_take_all);
	tcase_add_loop_test(tcase, test_spoilt, 0, 2);
}
