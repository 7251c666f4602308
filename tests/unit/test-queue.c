/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues and stacks: what can be made, order, room, listing, waiting. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "core/queue.h"
#include "tables.h"

#define QUEUE BPF_MAP_TYPE_QUEUE
#define STACK BPF_MAP_TYPE_STACK

static const uint32_t types[] = { QUEUE, STACK };

static struct map_attr queue_attr(uint32_t type, uint32_t value_size,
				  uint32_t max_entries)
{
	struct map_attr attr = unit_attr(type, value_size, max_entries, 0);

	attr.key_size = 0;
	return attr;
}

static struct map *queue_open(uint32_t type, uint32_t value_size,
			      uint32_t max_entries)
{
	struct map_attr attr = queue_attr(type, value_size, max_entries);
	struct map *map;

	ck_assert_int_eq(unit_create(&attr, &map), 0);
	return map;
}

static int push(struct map *map, uint64_t value, uint64_t flags)
{
	return map_push_elem(map, &value, flags);
}

static void assert_pops(struct map *map, uint64_t want)
{
	uint64_t value = ~want;

	ck_assert_int_eq(map_peek_elem(map, &value), 0);
	ck_assert_uint_eq(value, want);
	value = ~want;
	ck_assert_int_eq(map_pop_elem(map, &value), 0);
	ck_assert_uint_eq(value, want);
}

static void assert_empty(struct map *map)
{
	struct map_census census;
	uint64_t value = 77;

	ck_assert_int_eq(map_peek_elem(map, &value), -ENOENT);
	ck_assert_int_eq(map_pop_elem(map, &value), -ENOENT);
	ck_assert_uint_eq(value, 77);
	ck_assert_uint_eq(map_used_entries(map), 0);
	ck_assert_msg(!map_check(map, &census), "%s", census.wrong);
	ck_assert_uint_eq(census.free, map->max_entries);
}

static const struct {
	uint32_t key, value, entries, flags;
	int err;
	const char *word;
} creations[] = {
	{ 0, 1, 1, 0, 0, NULL },
	{ 0, QUEUE_VALUE_MAX, 2, 0, 0, NULL },
	{ 0, 4, 1, BPF_F_RDONLY | BPF_F_WRONLY_PROG, 0, NULL },
	{ 4, 8, 1, 0, -EINVAL, "key" },
	{ 0, 0, 1, 0, -EINVAL, "value" },
	{ 0, QUEUE_VALUE_MAX + 1, 1, 0, -E2BIG, "value" },
	{ 0, 8, 0, 0, -EINVAL, "entries" },
	{ 0, 8, QUEUE_ENTRIES_MAX + 1, 0, -ENOMEM, "entries" },
	{ 0, 8, 1, BPF_F_NO_PREALLOC, -EINVAL, "flags" },
	{ 0, 8, 1, BPF_F_MMAPABLE, -EINVAL, "flags" },
	{ 0, 8, 1, BPF_F_ZERO_SEED, -EINVAL, "flags" },
	{ 0, 8, 1, BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG, -EINVAL, "flags" },
};

#define NCREATIONS ((int)(sizeof(creations) / sizeof(creations[0])))

START_TEST(test_create)
{
	struct map_attr attr = queue_attr(types[_i % 2],
					  creations[_i / 2].value,
					  creations[_i / 2].entries);
	struct map_refusal refusal = { "", "" };
	struct charge charge = { 0 };
	struct map *map;
	int err;

	attr.key_size = creations[_i / 2].key;
	attr.map_flags = creations[_i / 2].flags;
	err = map_create(&attr, &charge, &refusal, &map);
	ck_assert_int_eq(err, creations[_i / 2].err);
	if (err) {
		ck_assert_str_eq(refusal.word, creations[_i / 2].word);
		return;
	}
	assert_empty(map);
	unit_put_map(map);
}
END_TEST

/* A hundred million elements cost no memory until they are there. */
START_TEST(test_sparse)
{
	struct map *map = queue_open(types[_i], 8, 100000000);

	ck_assert_uint_lt(region_resident(map_region(map, 0)), 1 << 20);
	ck_assert_int_eq(push(map, 1, BPF_ANY), 0);
	assert_pops(map, 1);
	unit_put_map(map);
}
END_TEST

START_TEST(test_order)
{
	struct map *map = queue_open(types[_i], 8, 3);
	uint64_t value = 9;
	uint64_t n;

	for (n = 1; n <= 3; n++)
		ck_assert_int_eq(push(map, n, BPF_ANY), 0);
	ck_assert_uint_eq(map_used_entries(map), 3);
	ck_assert_int_eq(push(map, 4, BPF_ANY), -E2BIG);
	ck_assert_int_eq(push(map, 4, BPF_NOEXIST), -EINVAL);
	/* The oldest goes: a queue's front, a stack's bottom. */
	ck_assert_int_eq(push(map, 5, BPF_EXIST), 0);
	ck_assert_int_eq(map_delete_elem(map, NULL), -EINVAL);
	ck_assert_int_eq(map_get_next_key(map, NULL, &value), -EINVAL);
	assert_pops(map, types[_i] == QUEUE ? 2 : 5);
	assert_pops(map, 3);
	assert_pops(map, types[_i] == QUEUE ? 5 : 2);
	assert_empty(map);
	unit_put_map(map);
}
END_TEST

/* The oldest first, in portions; what has gone meanwhile is passed over. */
START_TEST(test_list)
{
	struct map *map = queue_open(types[_i], 8, 100);
	uint64_t values[4];
	uint64_t pos = 0;
	uint64_t n, gone;

	for (n = 0; n < 7; n++)
		ck_assert_int_eq(push(map, n, BPF_ANY), 0);
	ck_assert_int_eq(map_seq_show_elem(map, &pos, NULL, values, 4), 4);
	for (n = 0; n < 4; n++)
		ck_assert_uint_eq(values[n], n);
	for (n = 0; n < 5; n++)
		ck_assert_int_eq(map_pop_elem(map, &gone), 0);
	/* What comes now is behind the end of this listing. */
	if (types[_i] == QUEUE)
		ck_assert_int_eq(push(map, 9, BPF_ANY), 0);
	n = types[_i] == QUEUE ? 2 : 0;
	ck_assert_int_eq(map_seq_show_elem(map, &pos, NULL, values, 4), n);
	if (n)
		ck_assert_uint_eq(values[1], 6);
	ck_assert_int_eq(map_seq_show_elem(map, &pos, NULL, values, 4), 0);
	ck_assert_int_eq(map_clear(map), 0);
	assert_empty(map);
	unit_put_map(map);
}
END_TEST

static void *push_later(void *arg)
{
	ck_assert_int_eq(push(arg, 42, BPF_ANY), 0);
	return NULL;
}

START_TEST(test_wait)
{
	struct map *map = queue_open(types[_i], 8, 3);
	uint64_t seen = map_additions(map);
	uint64_t deadline = wait_until(1000000);
	uint64_t value = 0;
	pthread_t thread;
	int err;

	while (!(err = map_wait(map, seen, deadline)))
		ck_assert_int_eq(map_pop_elem(map, &value), -ENOENT);
	ck_assert_int_eq(err, -ETIMEDOUT);
	ck_assert_int_eq(pthread_create(&thread, NULL, push_later, map), 0);
	while (map_pop_elem(map, &value) == -ENOENT) {
		ck_assert_int_eq(map_wait(map, seen, WAIT_FOREVER), 0);
		seen = map_additions(map);
	}
	ck_assert_uint_eq(value, 42);
	pthread_join(thread, NULL);
	unit_put_map(map);
}
END_TEST

/* Killed before the tail was moved on: who polls is told by nothing else. */
START_TEST(test_wait_killed)
{
	struct map *map = queue_open(QUEUE, 8, 3);
	uint64_t seen = map_additions(map);
	uint64_t *tail = &to_queue(map)->header->last;

	ck_assert_int_eq(push(map, 1, BPF_ANY), 0);
	*tail -= 1;
	ck_assert_uint_ne(map_additions(map), seen);
	ck_assert_uint_eq(map_used_entries(map), 1);
	assert_pops(map, 1);
	assert_empty(map);
	unit_put_map(map);
}
END_TEST

START_TEST(test_freeze)
{
	struct map *map = queue_open(types[_i], 8, 3);
	uint64_t value;

	ck_assert_int_eq(push(map, 1, BPF_ANY), 0);
	ck_assert_int_eq(map_freeze(map), 0);
	ck_assert_int_eq(push(map, 2, BPF_ANY), -EPERM);
	ck_assert_int_eq(map_pop_elem(map, &value), -EPERM);
	ck_assert_int_eq(map_clear(map), -EPERM);
	ck_assert_int_eq(map_peek_elem(map, &value), 0);
	ck_assert_uint_eq(value, 1);
	unit_put_map(map);
}
END_TEST

/* Another process's view, for reading and for writing. */
/* What a check sees, and that it leaves the map as it was. */
START_TEST(test_check)
{
	struct map *map = queue_open(types[_i], 8, 4);
	struct queue_map *queue = to_queue(map);
	struct map_census census = { .owners = 77 };
	uint32_t wrong = 0;
	uint64_t *place;
	uint32_t node;

	for (node = 1; node <= 3; node++)
		ck_assert_int_eq(push(map, node, BPF_ANY), 0);
	ck_assert_msg(!map_check(map, &census), "%s", census.wrong);
	ck_assert_uint_eq(census.elements, 3);
	ck_assert_uint_eq(census.free, 1);
	ck_assert_uint_eq(census.owners, 1);
	for (node = 1; node <= queue->pool.nodes; node++) {
		place = &queue_node(queue, node)->place;
		*place += 1;
		if (map_check(map, &census) == -EUCLEAN) {
			ck_assert_ptr_nonnull(census.wrong);
			wrong++;
		}
		*place -= 1;
	}
	ck_assert_uint_eq(wrong, 3);
	ck_assert_int_eq(map_check(map, &census), 0);
	ck_assert_int_eq(map_freeze(map), 0);
	ck_assert_int_eq(map_check(map, &census), 0);
	ck_assert_uint_eq(census.elements, 3);
	unit_put_map(map);
}
END_TEST

START_TEST(test_attach)
{
	struct map *map = queue_open(types[_i], 8, 3);
	int fd = map_region(map, 0)->fd;
	struct map *reader;
	struct map *writer;
	uint64_t value;

	ck_assert_int_eq(map_attach(fd, PROT_READ, &reader), 0);
	ck_assert_int_eq(map_attach(fd, PROT_READ | PROT_WRITE, &writer), 0);
	ck_assert_uint_eq(writer->max_entries, 3);
	ck_assert_int_eq(push(writer, 7, BPF_ANY), 0);
	ck_assert_int_eq(map_peek_elem(reader, &value), 0);
	ck_assert_uint_eq(value, 7);
	ck_assert_int_eq(map_pop_elem(reader, &value), -EPERM);
	unit_put_map(writer);
	assert_pops(map, 7);
	unit_put_map(reader);
	assert_empty(map);
	unit_put_map(map);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = tcase_create("queue");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, test_create, 0, 2 * NCREATIONS);
	tcase_add_loop_test(tcase, test_sparse, 0, 2);
	tcase_add_loop_test(tcase, test_order, 0, 2);
	tcase_add_loop_test(tcase, test_list, 0, 2);
	tcase_add_loop_test(tcase, test_wait, 0, 2);
	tcase_add_test(tcase, test_wait_killed);
	tcase_add_loop_test(tcase, test_freeze, 0, 2);
	tcase_add_loop_test(tcase, test_check, 0, 2);
	tcase_add_loop_test(tcase, test_attach, 0, 2);
}
