/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes that hammer one map are killed, and stopped, at random moments.
 * No value is wrong, no acknowledged change is lost, nobody is blocked, and
 * nothing of the map's room is lost.  SEED=N makes the same choices,
 * MAPFS_SCALE=percent lengthens it.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "actor.h"
#include "capacity.h"

#define PLAYERS 4u

static uint64_t seed;

/* How a map is hammered, and how often somebody is killed or stopped. */
struct storm {
	const char *name;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t keys;	 /* of each player */
	uint32_t common; /* of all */
	bool threads;	 /* each player is two */
	uint32_t kills;
	uint32_t stops;
};

/* One process after the other in the same place. */
struct player {
	struct arena *arena;
	uint32_t n;
	uint32_t owner;
	uint32_t life;
	pid_t pid;
	_Atomic uint64_t *log;
	_Atomic uint64_t *steps;
};

struct arena {
	const struct storm *storm;
	struct map *map;
	struct rng rng;
	uint32_t spares;
	unsigned int grants;
	size_t shared_bytes;
	_Atomic uint64_t *stop; /* and after it the players' memory */
	struct player player[PLAYERS];
	/* Those who are dead, and nobody has been told. */
	uint32_t unburied[8];
	uint32_t unburied_count;
	uint64_t longest_us; /* that somebody made no step */
};

/* --------------------------------------------------- the players */

static void actor_of(struct player *p, struct actor *actor)
{
	const struct storm *storm = p->arena->storm;

	*actor = (struct actor){
		.map = p->arena->map,
		.rng = { seed ^ (uint64_t)p->n << 56 ^
			 (uint64_t)p->life << 32 },
		.grants = p->arena->grants,
		.first = p->n * storm->keys,
		.keys = storm->keys,
		.common_first = PLAYERS * storm->keys,
		.common = storm->common,
		.log = p->log,
		.steps = p->steps,
	};
	actor_init(actor);
}

static void play(struct actor *actor, const struct player *p)
{
	/* Now and then others come first, so that nobody waits for long. */
	while (!atomic_load(p->arena->stop) && !complained()) {
		actor_step(actor);
		if (rng_one_in(&actor->rng, 256))
			sched_yield();
	}
	actor_release(actor);
}

/* On keys that are common alone: those of his own have one writer. */
static void *play_second(void *arg)
{
	struct player *p = arg;
	struct actor actor;

	actor_of(p, &actor);
	actor.keys = 0;
	actor.rng.state++;
	play(&actor, p);
	return NULL;
}

static void player_main(void *arg)
{
	struct player *p = arg;
	struct actor actor;
	pthread_t thread;

	map_owner_set(p->arena->map, p->owner);
	if (p->arena->storm->threads &&
	    pthread_create(&thread, NULL, play_second, p)) {
		perror("pthread_create");
		exit(EXIT_FAILURE);
	}
	actor_of(p, &actor);
	play(&actor, p);
	if (p->arena->storm->threads)
		pthread_join(thread, NULL);
}

static void player_start(struct player *p)
{
	int err = map_owner_get(p->arena->map, &p->owner);

	if (err) {
		complain("map_owner_get: %d", err);
		return;
	}
	p->life++;
	p->pid = child_start(player_main, p);
}

/* What the log says is so; only we look at these keys now. */
static void player_settle(struct player *p)
{
	struct actor actor;

	actor_of(p, &actor);
	actor_settle(&actor);
	actor_release(&actor);
}

/* ----------------------------------------------------- the arena */

static bool arena_open(struct arena *a, const struct shape *shape,
		       const struct storm *storm)
{
	_Atomic uint64_t *word;
	uint32_t i;

	*a = (struct arena){ .storm = storm, .rng = { seed } };
	a->map = shape_map(shape, 8, storm->value_size, storm->max_entries);
	if (!a->map)
		return false;
	a->spares = count_spares(a->map);
	if (PLAYERS * storm->keys + storm->common + 64 > storm->max_entries ||
	    shape->map_flags & BPF_F_NO_COMMON_LRU)
		a->grants = ACTOR_LACKS |
			    (map_evicts(a->map) ? ACTOR_EVICTS : ACTOR_FULL);
	a->shared_bytes = (1 + PLAYERS * (storm->keys + 8)) * sizeof(*word);
	a->stop = share(a->shared_bytes);
	word = a->stop + 1;
	for (i = 0; i < PLAYERS; i++) {
		a->player[i] = (struct player){ .arena = a, .n = i };
		a->player[i].steps = word;
		a->player[i].log = word + 8;
		word += storm->keys + 8;
	}
	for (i = 0; i < PLAYERS; i++)
		player_start(&a->player[i]);
	return !complained();
}

/* The numbers of the dead are made known at last. */
static void bury(struct arena *a)
{
	while (a->unburied_count)
		map_owner_end(a->map, a->unburied[--a->unburied_count], false);
}

static void mourn(struct arena *a, uint32_t owner)
{
	a->unburied[a->unburied_count++] = owner;
	if (a->unburied_count == 8 || !rng_one_in(&a->rng, 4))
		bury(a);
}

/* The players stop where they are, or go home first. */
static void arena_end(struct arena *a)
{
	bool killed = rng_one_in(&a->rng, 2);
	uint32_t i;

	atomic_store(a->stop, !killed);
	for (i = 0; i < PLAYERS; i++) {
		struct player *p = &a->player[i];

		if (!p->pid)
			continue;
		if (killed || complained())
			child_kill(p->pid);
		else
			child_wait(p->pid);
		map_owner_end(a->map, p->owner, !killed);
	}
	bury(a);
	for (i = 0; i < PLAYERS && !complained(); i++)
		player_settle(&a->player[i]);
	if (!complained())
		check_capacity(a->map, 1, a->spares, "at the end");
}

static void arena_close(struct arena *a)
{
	put_map(a->map);
	if (a->stop)
		unshare_memory((void *)a->stop, a->shared_bytes);
}

/* ----------------------------------------------------- the storm */

static void check_progress(struct arena *a, const bool *down)
{
	uint64_t start = now_us();
	uint64_t was[PLAYERS];
	uint32_t i;

	for (i = 0; i < PLAYERS; i++)
		was[i] = atomic_load(a->player[i].steps);
	for (i = 0; i < PLAYERS && !complained(); i++)
		if (!down[i] && !wait_beyond(a->player[i].steps, was[i]) &&
		    !complained())
			complain("a process does not get on");
	if (a->longest_us < now_us() - start)
		a->longest_us = now_us() - start;
}

static void kill_one(struct arena *a)
{
	struct player *p = &a->player[rng_below(&a->rng, PLAYERS)];
	bool down[PLAYERS] = { false };

	sleep_us(250 + rng_below(&a->rng, rng_one_in(&a->rng, 8) ? 4000 : 500));
	child_kill(p->pid);
	p->pid = 0;
	down[p->n] = true;
	check_progress(a, down);
	if (complained())
		return;
	player_settle(p);
	mourn(a, p->owner);
	player_start(p);
}

static bool stop_player(struct player *p)
{
	siginfo_t info;

	kill(p->pid, SIGSTOP);
	return waitid(P_PID, (id_t)p->pid, &info, WSTOPPED | WEXITED) == 0 &&
	       info.si_code == CLD_STOPPED;
}

/* Up to all but one stand still, somewhere in an operation. */
static void stop_some(struct arena *a)
{
	uint32_t first = rng_below(&a->rng, PLAYERS);
	uint32_t count = 1 + rng_below(&a->rng, PLAYERS - 1);
	bool down[PLAYERS] = { false };
	uint32_t i, n;

	sleep_us(250 + rng_below(&a->rng, 500));
	for (i = 0; i < count; i++) {
		n = (first + i) % PLAYERS;
		down[n] = true;
		if (!stop_player(&a->player[n]))
			complain("a process ended instead of stopping");
	}
	for (n = 0; n < 2; n++)
		check_progress(a, down);
	for (i = 0; i < count; i++)
		kill(a->player[(first + i) % PLAYERS].pid, SIGCONT);
}

static void run_storm(const struct shape *shape, const struct storm *storm)
{
	uint32_t kills = scaled(storm->kills);
	uint32_t stops = scaled(storm->stops);
	uint64_t start = now_us();
	uint64_t steps = 0;
	struct arena a;
	uint32_t i;

	if (arena_open(&a, shape, storm)) {
		for (i = 0; i < kills && !complained(); i++)
			kill_one(&a);
		for (i = 0; i < stops && !complained(); i++)
			stop_some(&a);
		arena_end(&a);
		for (i = 0; i < PLAYERS; i++)
			steps += atomic_load(a.player[i].steps);
	}
	arena_close(&a);
	tap_comment("%llu operations in %llu ms, none for %llu ms",
		    (unsigned long long)steps,
		    (unsigned long long)(now_us() - start) / 1000,
		    (unsigned long long)a.longest_us / 1000);
	verdict("%s: %s, killed %u times, stopped %u times", shape->name,
		storm->name, kills, stops);
}

/* More deaths than there are numbers, in a map that nobody needs. */
static void test_numbers(const struct shape *shape)
{
	struct map *map = shape_map(shape, 8, 8, 100);
	uint32_t owner, spares, i;
	int err;

	if (map) {
		spares = count_spares(map);
		for (i = 0; i < 2 * TABLE_OWNERS && !complained(); i++) {
			err = map_owner_get(map, &owner);
			if (err)
				complain("owner %u: %d", i, err);
			else
				map_owner_end(map, owner, i % 3 == 0);
		}
		check_capacity(map, 1, spares, "at the end");
	}
	put_map(map);
	verdict("%s: the numbers of the dead are used again", shape->name);
}

int main(void)
{
	static const struct storm storms[] = {
		{ "roomy", 8, 1000, 96, 64, false, 350, 10 },
		{ "roomy, large values", 1000, 400, 48, 32, false, 150, 10 },
		{ "always full", 64, 64, 24, 16, false, 250, 20 },
		{ "always full, with threads", 1000, 40, 12, 16, true, 120,
		  10 },
		{ "room for one", 64, 1, 2, 2, false, 60, 20 },
		{ "room for two", 8, 2, 2, 2, false, 60, 20 },
		{ "room for sixteen", 64, 16, 8, 8, false, 60, 20 },
	};
	char name[80];
	size_t i, j;

	harness_init(300);
	seed = env_seed();
	for (i = 0; i < SHAPES; i++) {
		for (j = 0; j < sizeof(storms) / sizeof(storms[0]); j++) {
			/* Of those beyond the first, a few. */
			if (i >= TYPES && j % 3 != 2)
				continue;
			snprintf(name, sizeof(name), "%s: %s", shapes[i].name,
				 storms[j].name);
			if (wanted(name))
				run_storm(&shapes[i], &storms[j]);
		}
	}
	for (i = 0; i < SHAPES; i++)
		if (wanted(shapes[i].name) &&
		    !(shapes[i].map_flags & BPF_F_NO_COMMON_LRU))
			test_numbers(&shapes[i]);
	return tap_done();
}
