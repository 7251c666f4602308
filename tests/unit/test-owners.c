/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owners of a table: who has a number, and that nothing is lost when one of
 * them is killed.
 */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "core/hash_table.h"
#include "tables.h"

#define RW (PROT_READ | PROT_WRITE)

static uint32_t count_owners(struct map *map)
{
	struct map_census census;

	ck_assert_int_eq(map_check(map, &census), 0);
	return census.owners;
}

/* One for who made it and one for who attaches, until there are no more. */
START_TEST(test_owners)
{
	struct map *map = table_open(_i, 10, 0);
	struct map *others[3];
	struct map *reader;
	uint32_t owner = 77;
	uint32_t n;

	ck_assert_uint_eq(count_owners(map), 1);
	for (n = 0; n < 3; n++) {
		others[n] = table_attach(map, RW);
		ck_assert_uint_eq(count_owners(map), n + 2);
	}
	for (; n < TABLE_OWNERS - 1; n++) {
		ck_assert_int_eq(map_owner_get(others[n % 3], &owner), 0);
		ck_assert_uint_eq(owner, n + 2);
	}
	ck_assert_int_eq(map_owner_get(map, &owner), -EUSERS);
	ck_assert_uint_eq(owner, TABLE_OWNERS);
	table_assert_refused(table_fd(map), RW, -EUSERS);
	reader = table_attach(map, PROT_READ);
	unit_put_map(reader);
	unit_put_map(others[1]);
	ck_assert_uint_eq(count_owners(map), TABLE_OWNERS - 1);
	others[1] = table_attach(map, RW);
	table_assert_refused(table_fd(map), RW, -EUSERS);
	/* Those of the dead as well. */
	map_owner_end(map, 500, false);
	map_owner_end(map, 501, true);
	ck_assert_int_eq(map_owner_get(map, &owner), 0);
	ck_assert_uint_eq(owner, 501);
	ck_assert_int_eq(map_owner_get(map, &owner), 0);
	ck_assert_uint_eq(owner, 500);
	ck_assert_int_eq(map_owner_get(map, &owner), -EUSERS);
	for (n = 0; n < 3; n++)
		unit_put_map(others[n]);
	table_fill(map, 0, 10);
	table_assert(map, 10);
	unit_put_map(map);
}
END_TEST

/* A child that lets the map go leaves its parent's number alone. */
START_TEST(test_put_by_child)
{
	struct map *map = table_open(_i, 10, 0);
	struct map *other = table_attach(map, RW);
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		map_put_now(other);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(count_owners(map), 2);
	unit_put_map(other);
	ck_assert_uint_eq(count_owners(map), 1);
	unit_put_map(map);
}
END_TEST

/* Its own number is taken back from who gets another one. */
START_TEST(test_owner_set)
{
	struct map *map = table_open(_i, 10, 0);
	struct map *other = table_attach(map, RW);
	uint32_t owner;

	ck_assert_int_eq(map_owner_get(map, &owner), 0);
	ck_assert_uint_eq(owner, 3);
	map_owner_set(other, owner);
	ck_assert_uint_eq(count_owners(map), 2);
	table_fill(other, 0, 10);
	table_assert(map, 10);
	unit_put_map(other);
	/* That one was not other's own. */
	ck_assert_uint_eq(count_owners(map), 2);
	map_owner_end(map, owner, true);
	ck_assert_uint_eq(count_owners(map), 1);
	unit_put_map(map);
}
END_TEST

/* Nobody has these: nothing happens. */
START_TEST(test_owner_end_refused)
{
	struct map *map = table_open(_i, 10, 0);

	map_owner_end(map, 0, false);
	map_owner_end(map, 2, false);
	map_owner_end(map, TABLE_OWNERS + 1, false);
	map_owner_end(map, UINT32_MAX, true);
	ck_assert_uint_eq(count_owners(map), 1);
	table_assert(map, 0);
	unit_put_map(map);
}
END_TEST

/* A child that works on the map as this owner until it is killed. */
static pid_t start_child(struct map *map, uint32_t owner,
			 void (*work)(struct map *map))
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	map_owner_set(map, owner);
	work(map);
	_exit(1);
}

/* The child is where it is meant to be. */
static int ready[2];

/* Hold three elements' places, and never do anything with them. */
static void hold(struct map *map)
{
	uint32_t node;
	int i;

	for (i = 0; i < 3; i++)
		if (pool_take(&to_hash(map)->pool, POOL_CREDIT,
			      hash_shard(to_hash(map)), &node))
			_exit(1);
	if (write(ready[1], "", 1) == 1)
		pause();
}

static void assert_held(struct map *map, uint32_t count)
{
	struct map_census census;

	ck_assert_int_eq(map_check(map, &census), 0);
	ck_assert_uint_eq(census.held, count);
}

/* A child with three places in hand. */
static pid_t start_holder(struct map *map, uint32_t *owner)
{
	pid_t pid;
	char byte;

	ck_assert_int_eq(map_owner_get(map, owner), 0);
	ck_assert_int_eq(pipe(ready), 0);
	pid = start_child(map, *owner, hold);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	assert_held(map, 3);
	return pid;
}

static void kill_child(pid_t pid)
{
	int status;

	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
}

/* What the dead had in hand comes back once they are known to be dead. */
START_TEST(test_reclaim)
{
	struct map *map = table_open(_i, 10, 0);
	uint32_t owner;
	pid_t pid;

	pid = start_holder(map, &owner);
	ck_assert_uint_eq(map_used_entries(map), 3);
	if (_i < 2) {
		table_fill(map, 0, 7);
		ck_assert_int_eq(table_put(map, 7, BPF_ANY), -E2BIG);
		/* Those that are there can be replaced, and go. */
		ck_assert_int_eq(table_put(map, 6, BPF_EXIST), 0);
	} else {
		table_fill(map, 0, 8);
		ck_assert(!table_has(map, 0));
	}
	kill_child(pid);
	assert_held(map, 3);
	map_owner_end(map, owner, false);
	ck_assert_uint_eq(map_used_entries(map), 7);
	table_fill(map, 8, 3);
	table_assert(map, 10);
	ck_assert_uint_eq(table_count(map, 0, 11), 10);
	ck_assert_int_eq(table_put(map, 99, BPF_ANY), _i < 2 ? -E2BIG : 0);
	ck_assert_uint_eq(count_owners(map), 1);
	unit_put_map(map);
}
END_TEST

/* Whoever finds the map full takes it back, before anybody else looks. */
START_TEST(test_reclaim_when_full)
{
	struct map *map = table_open(_i, 10, 0);
	struct map *other = table_attach(map, RW);
	uint32_t owner;
	pid_t pid;

	pid = start_holder(map, &owner);
	kill_child(pid);
	map_owner_end(map, owner, false);
	table_fill(other, 0, 10);
	ck_assert_uint_eq(table_count(map, 0, 10), 10);
	table_assert(map, 10);
	unit_put_map(other);
	unit_put_map(map);
}
END_TEST

/* Said to have had nothing in hand, it is believed: that is lost. */
START_TEST(test_end_clean)
{
	struct map *map = table_open(_i, 10, 0);
	struct map_census census;
	uint32_t owner;
	pid_t pid;

	pid = start_holder(map, &owner);
	kill_child(pid);
	map_owner_end(map, owner, true);
	ck_assert_int_eq(map_check(map, &census), 0);
	ck_assert_uint_eq(census.held, 3);
	ck_assert_uint_eq(census.free, 7);
	ck_assert_uint_eq(census.owners, 1);
	unit_put_map(map);
}
END_TEST

/* Insert, replace and delete as fast as it goes. */
static void storm(struct map *map)
{
	uint32_t key;

	for (key = 0;; key++) {
		table_put(map, key % 16, BPF_ANY);
		if (key % 3 == 0)
			table_delete(map, key % 7);
	}
}

/* Killed anywhere: the map is whole, and takes as many as ever. */
START_TEST(test_storm)
{
	/* Each type, and those with an LRU for each CPU. */
	struct map *map = _i < TABLES ?
				  table_open(_i, 10, 0) :
				  table_open(_i - 2, 10, BPF_F_NO_COMMON_LRU);
	struct timespec pause = { 0, 0 };
	uint32_t owner;
	uint32_t key;
	pid_t pid;
	int i;

	for (i = 0; i < 25; i++) {
		ck_assert_int_eq(map_owner_get(map, &owner), 0);
		pid = start_child(map, owner, storm);
		pause.tv_nsec = 200000 + i * 54321;
		nanosleep(&pause, NULL);
		kill_child(pid);
		map_owner_end(map, owner, false);
		table_assert(map, (uint32_t)map_used_entries(map));
		for (key = 0; key < 16; key++)
			table_has(map, key);
		ck_assert_int_eq(map_clear(map), 0);
		for (key = 0; key < 10; key++)
			ck_assert_int_eq(table_put(map, key, BPF_ANY), 0);
		table_assert(map, (uint32_t)map_used_entries(map));
		if (_i < 2)
			table_assert(map, 10);
		ck_assert_uint_eq(count_owners(map), 1);
	}
	unit_put_map(map);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "owners");

	tcase_add_loop_test(tcase, test_owners, 0, TABLES);
	tcase_add_loop_test(tcase, test_put_by_child, 0, TABLES);
	tcase_add_loop_test(tcase, test_owner_set, 0, TABLES);
	tcase_add_loop_test(tcase, test_owner_end_refused, 0, TABLES);
	tcase_add_loop_test(tcase, test_reclaim, 0, TABLES);
	tcase_add_loop_test(tcase, test_reclaim_when_full, 0, TABLES);
	tcase_add_loop_test(tcase, test_end_clean, 0, TABLES);
	tcase_add_loop_test(tcase, test_storm, 0, TABLES + 2);
}
