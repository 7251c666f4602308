/* SPDX-License-Identifier: BSD-2-Clause */
/* Exactly max_entries elements, and none less. */
#include <errno.h>

#include "capacity.h"
#include "threads.h"

struct limit {
	_Atomic uint64_t inserted;
};

static void limit_insert(struct worker *w, uint32_t round, uint32_t tries)
{
	struct limit *limit = w->team->data;
	struct map *map = w->team->map;
	uint32_t i;
	int err;

	w->tally = 0;
	for (i = 0; i < tries && !complained(); i++) {
		err = elem_update(map, w->n * tries + i, 1 + round,
				  BPF_NOEXIST);
		if (!err)
			w->tally |= 1ull << i;
		else if (err != map_full_errno(map) || map_evicts(map))
			complain("insert: %d", err);
	}
	atomic_fetch_add(&limit->inserted,
			 (uint64_t)__builtin_popcountll(w->tally));
}

static void limit_check(struct worker *w, uint32_t tries)
{
	struct limit *limit = w->team->data;
	struct map *map = w->team->map;
	uint64_t inserted = atomic_load(&limit->inserted);
	uint64_t all = tries * team_size(w->team);
	uint64_t fit = all < map->max_entries ? all : map->max_entries;

	if (map_evicts(map)) {
		if (map_used_entries(map) != fit)
			complain("%llu elements, not %llu",
				 (unsigned long long)map_used_entries(map),
				 (unsigned long long)fit);
	} else if (inserted != fit || map_used_entries(map) != fit) {
		complain("%llu of %llu got in, %llu are there",
			 (unsigned long long)inserted, (unsigned long long)fit,
			 (unsigned long long)map_used_entries(map));
	}
	atomic_store(&limit->inserted, 0);
	check_census(map, w->team->processes, "full");
}

/* What was inserted is there with its value, and goes. */
static void limit_delete(struct worker *w, uint32_t round, uint32_t tries)
{
	struct map *map = w->team->map;
	uint32_t nonce, i;
	int err;

	for (i = 0; i < tries && !complained(); i++) {
		uint32_t number = w->n * tries + i;
		bool there = w->tally >> i & 1;
		bool may_miss = !there || map_evicts(map);

		err = elem_lookup(map, number, &nonce);
		if (err ? err != -ENOENT || !may_miss :
			  !there || nonce != 1 + round)
			complain("lookup %u: %d", number, err);
		err = elem_delete(map, number);
		if (err ? err != -ENOENT || !may_miss : !there)
			complain("delete %u: %d", number, err);
	}
}

static void limit_work(struct worker *w)
{
	uint32_t tries = w->team->map->max_entries / team_size(w->team) * 2 + 2;
	uint32_t round;

	if (tries > 64)
		tries = 64;
	for (round = 0; round < scaled(12); round++) {
		limit_insert(w, round, tries);
		if (!team_sync(w))
			return;
		if (!w->n)
			limit_check(w, tries);
		if (!team_sync(w))
			return;
		limit_delete(w, round, tries);
		if (!team_sync(w))
			return;
	}
}

void test_limit(const struct shape *shape)
{
	static const uint32_t sizes[] = { 1, 2, 3, 16, 100, 250 };
	struct limit *limit = share(sizeof(*limit));
	struct team team;
	uint32_t spares;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (!team_open(&team, shape, 64, sizes[i]))
			continue;
		team.data = limit;
		spares = count_spares(team.map);
		team_run(&team, limit_work);
		if (!complained())
			check_capacity(team.map, 1, spares, "at the end");
		team_close(&team, "at the end");
	}
	verdict("%s: exactly max_entries get in", shape->name);
	unshare_memory(limit, sizeof(*limit));
}

/*
 * Each worker has at most one element at a time, in a map with a place for
 * each of them: so there always is one.
 */
static void room_work(struct worker *w)
{
	uint32_t number = w->n << 16;
	uint32_t i;
	int err;

	for (i = 0; i < scaled(10000) && !complained(); i++) {
		err = elem_update(w->team->map, number, 1, BPF_NOEXIST);
		if (err)
			complain("insert where there is room: %d", err);
		else
			err = elem_delete(w->team->map, number++);
		if (err)
			complain("delete of what is there: %d", err);
	}
}

/*
 * The map is full, each worker has elements of its own, and what a worker
 * deletes it makes again: whatever the others do, there is a place for it.
 */
#define RETURN_OWN   16u
#define RETURN_BATCH 8u

static void return_work(struct worker *w)
{
	uint32_t first = w->n * RETURN_OWN;
	uint32_t round;
	uint32_t i;
	int err = 0;

	for (round = 0; round < scaled(20000) && !complained(); round++) {
		uint32_t at = first + round % 2 * RETURN_BATCH;

		for (i = 0; !err && i < RETURN_BATCH; i++)
			err = elem_delete(w->team->map, at + i);
		for (i = 0; !err && i < RETURN_BATCH; i++)
			err = elem_update(w->team->map, at + i, 1, BPF_NOEXIST);
		if (err)
			complain("round %u, element %u: %d", round, i, err);
	}
}

void test_return(const struct shape *shape)
{
	const uint32_t entries = 9 * RETURN_OWN;
	struct team team;
	uint32_t i;

	if (team_open(&team, shape, 8, entries)) {
		for (i = 0; i < entries && !complained(); i++)
			if (elem_update(team.map, i, 1, BPF_NOEXIST))
				complain("filling: element %u", i);
		team_run(&team, return_work);
		team_close(&team, "at the end");
	}
	verdict("%s: a place that was given back is found", shape->name);
}

void test_room(const struct shape *shape)
{
	struct team team;

	if (team_open(&team, shape, 8, 9)) {
		team_run(&team, room_work);
		team_close(&team, "at the end");
	}
	verdict("%s: a place that is free is found", shape->name);
}
