/* SPDX-License-Identifier: BSD-2-Clause */
/* Each element goes to one taker, and is once in a listing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "threads.h"

/* ----------------------------------- each element goes to one taker */

#define TAKE_KEYS 96u

struct take {
	_Atomic uint64_t made[TAKE_KEYS];
	_Atomic uint64_t taken[TAKE_KEYS];
	_Atomic uint64_t sum[TAKE_KEYS]; /* of nonces taken */
	atomic_uint makers;		 /* at work */
};

/* A third of the workers make elements; each has keys of his own. */
static bool is_maker(const struct worker *w)
{
	return w->n % 3 == 0;
}

static void take_make(struct worker *w)
{
	struct take *take = w->team->data;
	uint32_t makers = (team_size(w->team) + 2) / 3;
	uint32_t i, number;
	int err;

	for (i = 0; i < scaled(20000) && !complained(); i++) {
		number = rng_below(&w->rng, TAKE_KEYS);
		number -= number % makers;
		number += w->n / 3;
		if (number >= TAKE_KEYS)
			continue;
		err = elem_update(w->team->map, number,
				  (uint32_t)atomic_load(&take->made[number]) +
					  1,
				  BPF_NOEXIST);
		if (!err)
			atomic_fetch_add(&take->made[number], 1);
		else if (err != -EEXIST)
			complain("insert: %d", err);
	}
	atomic_fetch_sub(&take->makers, 1);
}

static void take_count(struct worker *w, const void *key, const void *value)
{
	struct take *take = w->team->data;
	uint32_t number, nonce;

	if (!key_read(w->team->map, key, &number) || number >= TAKE_KEYS) {
		complain("a key was taken that nobody made");
		return;
	}
	nonce = value_read(w->team->map, number, value);
	if (!nonce)
		complain("a wrong value of %u was taken", number);
	atomic_fetch_add(&take->taken[number], 1);
	atomic_fetch_add(&take->sum[number], nonce);
}

#define TAKE_BATCH 12u

static void take_batch(struct worker *w, unsigned char *keys,
		       unsigned char *values)
{
	struct map *map = w->team->map;
	uint32_t token = rng_below(&w->rng, map->max_entries);
	struct map_batch batch = {
		.in_batch = &token,
		.out_batch = &token,
		.keys = keys,
		.values = values,
		.count = TAKE_BATCH,
	};
	int err = map_lookup_and_delete_batch(map, &batch);
	uint32_t i;

	if (err && err != -ENOENT && err != -ENOSPC)
		complain("lookup_and_delete_batch: %d", err);
	for (i = 0; i < batch.count && !complained(); i++)
		take_count(w, keys + i * map->key_size,
			   values + i * map_value_bytes(map));
}

static void take_take(struct worker *w)
{
	struct take *take = w->team->data;
	struct map *map = w->team->map;
	unsigned char *keys = need(TAKE_BATCH * map->key_size);
	unsigned char *values = need(TAKE_BATCH * map_value_bytes(map));
	int err;

	while (atomic_load(&take->makers) && !complained()) {
		if (rng_one_in(&w->rng, 8)) {
			take_batch(w, keys, values);
			continue;
		}
		key_make(map, rng_below(&w->rng, TAKE_KEYS), keys);
		err = map_lookup_and_delete_elem(map, keys, values);
		if (!err)
			take_count(w, keys, values);
		else if (err != -ENOENT)
			complain("lookup_and_delete: %d", err);
	}
	free(keys);
	free(values);
}

static void take_work(struct worker *w)
{
	if (is_maker(w))
		take_make(w);
	else
		take_take(w);
}

void test_take(const struct shape *shape, uint32_t value_size)
{
	struct take *take = share(sizeof(*take));
	uint64_t n, sum;
	struct team team;
	uint32_t nonce, i;

	if (team_open(&team, shape, value_size, 8 * TAKE_KEYS)) {
		team.data = take;
		atomic_store(&take->makers, (team_size(&team) + 2) / 3);
		team_run(&team, take_work);
		for (i = 0; i < TAKE_KEYS && !complained(); i++) {
			n = take->made[i];
			sum = n * (n + 1) / 2;
			if (!elem_lookup(team.map, i, &nonce)) {
				sum -= nonce;
				n--;
			}
			if (take->taken[i] != n || take->sum[i] != sum)
				complain("%u: %llu made, %llu taken", i,
					 (unsigned long long)take->made[i],
					 (unsigned long long)take->taken[i]);
		}
		team_close(&team, "at the end");
	}
	verdict("%s, values of %u bytes: each element is taken once",
		shape->name, value_size);
	unshare_memory(take, sizeof(*take));
}

/* ---------------------------------------------------- listings */

#define STABLE	64u
#define PASSING 256u

/* Elements come and go, and those that stay get other values. */
static void list_disturb(struct worker *w)
{
	struct map *map = w->team->map;
	uint32_t number;
	int err;

	/* Some of those who list are done last. */
	while (team_finished(w->team) < team_size(w->team) / 3 &&
	       !complained()) {
		number = rng_below(&w->rng, STABLE + PASSING);
		if (number < STABLE)
			err = elem_update(map, number, w->n + 1, BPF_EXIST);
		else if (rng_one_in(&w->rng, 2))
			err = elem_update(map, number, w->n + 1, BPF_ANY);
		else
			err = elem_delete(map, number);
		if (err && (err != -ENOENT || number < STABLE))
			complain("a change of %u: %d", number, err);
	}
}

struct listing {
	uint32_t seen[STABLE];
	unsigned char *keys;
	unsigned char *values;
};

#define LIST_MAX 48u

static void list_note(struct worker *w, struct listing *l, uint32_t n)
{
	struct map *map = w->team->map;
	uint32_t i, number;

	for (i = 0; i < n; i++) {
		if (!key_read(map, l->keys + i * map->key_size, &number) ||
		    !value_read(map, number,
				l->values + i * map_value_bytes(map)))
			complain("a wrong element is listed");
		else if (number < STABLE)
			l->seen[number]++;
	}
}

static void list_by_position(struct worker *w, struct listing *l)
{
	uint64_t pos = 0;
	int n;

	do {
		n = map_seq_show_elem(w->team->map, &pos, l->keys, l->values,
				      1 + rng_below(&w->rng, LIST_MAX));
		if (n < 0 || n > (int)LIST_MAX)
			complain("map_seq_show_elem: %d", n);
		else
			list_note(w, l, (uint32_t)n);
	} while (n > 0 && !complained());
}

static void list_by_batches(struct worker *w, struct listing *l)
{
	uint32_t token;
	struct map_batch batch = {
		.out_batch = &token,
		.keys = l->keys,
		.values = l->values,
	};
	int err;

	do {
		batch.count = LIST_MAX / 2 + rng_below(&w->rng, LIST_MAX / 2);
		err = map_lookup_batch(w->team->map, &batch);
		batch.in_batch = &token;
		if (err && err != -ENOENT)
			complain("lookup_batch: %d", err);
		else
			list_note(w, l, batch.count);
	} while (!err && !complained());
}

static void list_work(struct worker *w)
{
	struct map *map = w->team->map;
	struct listing l = { { 0 }, NULL, NULL };
	uint32_t round, i;

	if (w->n % 3 != 1) {
		list_disturb(w);
		return;
	}
	l.keys = need(LIST_MAX * map->key_size);
	l.values = need(LIST_MAX * map_value_bytes(map));
	for (round = 0; round < scaled(400) && !complained(); round++) {
		memset(l.seen, 0, sizeof(l.seen));
		/* A token that is a key begins again when it is deleted. */
		if (round % 2 && !(map->ops->flags & MAP_PREFIXES))
			list_by_batches(w, &l);
		else
			list_by_position(w, &l);
		for (i = 0; i < STABLE && !complained(); i++)
			if (l.seen[i] != 1)
				complain("%u listed %u times by %s", i,
					 l.seen[i],
					 round % 2 ? "batches" : "position");
	}
	free(l.keys);
	free(l.values);
}

void test_listing(const struct shape *shape)
{
	struct team team;
	uint32_t i;
	int err;

	if (team_open(&team, shape, 64, 2 * (STABLE + PASSING))) {
		for (i = 0; i < STABLE; i++) {
			err = elem_update(team.map, i, 1, BPF_NOEXIST);
			if (err)
				complain("insert: %d", err);
		}
		team_run(&team, list_work);
		team_close(&team, "at the end");
	}
	verdict("%s: what stays is listed once, whatever comes and goes",
		shape->name);
}
