/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queues and stacks: many who push and pop at once, some of them killed; one
 * killed at each instruction of an operation; nonsense in the region.  No
 * element is torn, doubled or lost but the one in the hands of who was killed.
 * SEED=N makes the same choices, MAPFS_SCALE=percent lengthens it.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "attack.h"
#include "capacity.h"
#include "elems.h"
#include "model/rng.h"
#include "model/tap.h"
#include "stepper.h"
#include "team.h"

static uint64_t seed;

static const struct shape kinds[] = {
	{ "queue", BPF_MAP_TYPE_QUEUE, 0 },
	{ "stack", BPF_MAP_TYPE_STACK, 0 },
};

/* An element tells who pushed it, and which of his it is, in every word. */
#define WORDS 8u

struct item {
	uint64_t word[WORDS];
};

static struct item item_make(uint32_t who, uint32_t n)
{
	uint64_t id = (uint64_t)who << 32 | n;
	struct rng rng = { id };
	struct item item = { { id } };
	uint32_t i;

	for (i = 1; i < WORDS; i++)
		item.word[i] = rng_next(&rng);
	return item;
}

static bool item_read(const struct item *item, uint32_t *who, uint32_t *n)
{
	struct item right;

	*who = (uint32_t)(item->word[0] >> 32);
	*n = (uint32_t)item->word[0];
	right = item_make(*who, *n);
	return memcmp(&right, item, sizeof(right)) == 0;
}

/* The map is empty, and takes exactly what it should. */
static void check_room(struct map *map, uint32_t owners, const char *when)
{
	struct map_census census;
	struct item item;
	uint32_t n;
	int err = 0;

	for (n = 0; n <= map->max_entries && !err; n++) {
		item = item_make(1, n);
		err = map_push_elem(map, &item, BPF_ANY);
	}
	if (err != -E2BIG || n != map->max_entries + 1)
		complain("%s: push %u of %u: %d", when, n, map->max_entries,
			 err);
	for (n = 0; !map_pop_elem(map, &item); n++)
		;
	if (n != map->max_entries)
		complain("%s: %u of %u were there", when, n, map->max_entries);
	err = map_check(map, &census);
	if (err || census.held || census.elements || census.owners != owners)
		complain("%s: %d (%s), %u held, %u elements, %u owners", when,
			 err, census.wrong ? census.wrong : "-", census.held,
			 census.elements, census.owners);
}

/* ------------------------------------------- many at once, and deaths */

#define LIVES 4000u /* of producers, one after the other in one place */
#define ITEMS 4096u /* of each at most */
#define CREWS 2u    /* producers, and consumers */

struct shared {
	_Atomic uint64_t stop;
	_Atomic uint64_t pops;
	_Atomic uint32_t done; /* producers */
	_Atomic uint32_t begun[LIVES];
	_Atomic uint32_t pushed[LIVES]; /* that were acknowledged */
	_Atomic uint8_t popped[LIVES][ITEMS];
};

struct place {
	struct map *map;
	struct shared *shared;
	uint32_t who; /* a producer's life */
	uint32_t owner;
	pid_t pid;
};

static void record(struct shared *shared, const struct item *item)
{
	uint32_t who, n;

	if (!item_read(item, &who, &n) || who >= LIVES || n >= ITEMS)
		complain("a torn element");
	else if (atomic_fetch_add(&shared->popped[who][n], 1))
		complain("element %u of %u was popped twice", n, who);
}

static void produce(struct map *map, struct shared *shared, uint32_t who)
{
	struct item item;
	uint32_t n;
	int err;

	for (n = 0; n < ITEMS && !complained(); n++) {
		item = item_make(who, n);
		atomic_store(&shared->begun[who], n + 1);
		while ((err = map_push_elem(map, &item, BPF_ANY)) == -E2BIG &&
		       !atomic_load(&shared->stop))
			sched_yield();
		if (err == -E2BIG)
			break;
		if (err)
			complain("push: %d", err);
		atomic_store(&shared->pushed[who], n + 1);
	}
}

/* A queue gives each producer's in their order. */
static void consume(struct map *map, struct shared *shared)
{
	uint32_t *last = need(LIVES * sizeof(*last));
	uint32_t who, n;
	struct item item;
	int err;

	while (!atomic_load(&shared->stop) && !complained()) {
		err = map_pop_elem(map, &item);
		if (err == -ENOENT) {
			sched_yield();
			continue;
		}
		if (err)
			complain("pop: %d", err);
		record(shared, &item);
		if (item_read(&item, &who, &n) &&
		    map->map_type == BPF_MAP_TYPE_QUEUE && n + 1 <= last[who])
			complain("element %u of %u after %u", n, who,
				 last[who] - 1);
		last[who] = n + 1;
		atomic_fetch_add(&shared->pops, 1);
	}
	free(last);
}

/* What is left, and then what has been lost. */
static uint32_t count_lost(struct map *map, struct shared *shared)
{
	uint32_t lost = 0;
	struct item item;
	uint32_t who, n;

	while (!map_pop_elem(map, &item))
		record(shared, &item);
	for (who = 0; who < LIVES; who++)
		for (n = 0; n < ITEMS; n++) {
			if (n < atomic_load(&shared->pushed[who]))
				lost += !atomic_load(&shared->popped[who][n]);
			else if (n >= atomic_load(&shared->begun[who]) &&
				 atomic_load(&shared->popped[who][n]))
				complain("element %u of %u out of nothing", n,
					 who);
		}
	return lost;
}

static void work(struct worker *worker)
{
	struct team *team = worker->team;
	struct shared *shared = team->data;

	/* Producers end by themselves; the last of them ends the others. */
	if (worker->n % 2) {
		consume(team->map, shared);
		return;
	}
	produce(team->map, shared, worker->n);
	if (atomic_fetch_add(&shared->done, 1) + 1 == team_size(team) / 2)
		atomic_store(&shared->stop, 1);
}

static void test_crowd(const struct shape *kind, uint32_t entries)
{
	struct shared *shared = share(sizeof(*shared));
	struct team team = {
		.map = shape_map(kind, 0, sizeof(struct item), entries),
		.processes = 2,
		.threads = 4,
		.seed = seed,
		.data = shared,
	};
	uint32_t lost;

	if (team.map) {
		team_run(&team, work);
		lost = count_lost(team.map, shared);
		if (lost)
			complain("%u elements have been lost", lost);
		check_room(team.map, 1, "after a crowd");
	}
	put_map(team.map);
	unshare_memory(shared, sizeof(*shared));
	verdict("%s of %u: threads of two processes push and pop", kind->name,
		entries);
}

static void place_main(void *arg)
{
	struct place *place = arg;

	map_owner_set(place->map, place->owner);
	if (place->who)
		produce(place->map, place->shared, place->who);
	else
		consume(place->map, place->shared);
}

static void place_start(struct place *place, uint32_t who)
{
	int err = map_owner_get(place->map, &place->owner);

	if (err)
		complain("map_owner_get: %d", err);
	place->who = who;
	place->pid = child_start(place_main, place);
}

static void test_deaths(const struct shape *kind, uint32_t entries)
{
	uint32_t kills = scaled(1000) < LIVES - 10 ? scaled(1000) : LIVES - 10;
	struct shared *shared = share(sizeof(*shared));
	struct map *map = shape_map(kind, 0, sizeof(struct item), entries);
	struct place place[2 * CREWS];
	struct rng rng = { seed };
	uint32_t consumers = 0;
	uint32_t lives = 1;
	uint32_t i, n, lost;

	for (i = 0; map && i < 2 * CREWS; i++) {
		place[i] = (struct place){ .map = map, .shared = shared };
		place_start(&place[i], i % 2 ? 0 : lives++);
	}
	for (n = 0; map && n < kills && !complained(); n++) {
		sleep_us(rng_below(&rng, 1500));
		i = rng_below(&rng, 2 * CREWS);
		child_kill(place[i].pid);
		map_owner_end(map, place[i].owner, false);
		consumers += i % 2;
		place_start(&place[i], i % 2 ? 0 : lives++);
	}
	for (i = 0; map && i < 2 * CREWS; i++) {
		child_kill(place[i].pid);
		map_owner_end(map, place[i].owner, false);
		consumers += i % 2;
	}
	if (map) {
		map_used_entries(map);
		lost = count_lost(map, shared);
		if (lost > consumers)
			complain("%u lost in the hands of %u killed", lost,
				 consumers);
		check_room(map, 1, "after deaths");
		tap_comment("%llu pops, %u lost with %u consumers",
			    (unsigned long long)atomic_load(&shared->pops),
			    lost, consumers);
	}
	put_map(map);
	unshare_memory(shared, sizeof(*shared));
	verdict("%s of %u: %u times one who pushes or pops is killed",
		kind->name, entries, kills);
}

/* ------------------------------------- death at each instruction */

enum act { PUSH, PUSH_EXIST, POP, PEEK, CLEAR, USED };

/* Of a small map: what is in it, oldest first, an operation, and then. */
static const struct scene {
	const char *name;
	const char *before;
	enum act act;
	const char *after[2]; /* of a queue, of a stack */
} scenes[] = {
	{ "push into an empty one", "", PUSH, { "x", "x" } },
	{ "push", "ab", PUSH, { "abx", "abx" } },
	{ "push into a full one", "abc", PUSH, { "abc", "abc" } },
	{ "push, dropping the oldest", "abc", PUSH_EXIST, { "bcx", "bcx" } },
	{ "pop the only one", "a", POP, { "", "" } },
	{ "pop", "abc", POP, { "bc", "ab" } },
	{ "peek", "ab", PEEK, { "ab", "ab" } },
	{ "clear", "abc", CLEAR, { "", "" } },
	{ "count", "ab", USED, { "ab", "ab" } },
};

#define NSCENES	  (sizeof(scenes) / sizeof(scenes[0]))
#define SCENE_MAX 3u

struct led_scene {
	struct map *map;
	struct map *copy;
	const struct scene *scene;
	uint32_t owner;
};

static int act(void *arg)
{
	struct led_scene *s = arg;
	struct item item = item_make('x', 0);

	switch (s->scene->act) {
	case PUSH:
		return map_push_elem(s->map, &item, BPF_ANY);
	case PUSH_EXIST:
		return map_push_elem(s->map, &item, BPF_EXIST);
	case POP:
		return map_pop_elem(s->map, &item);
	case PEEK:
		return map_peek_elem(s->map, &item);
	case CLEAR:
		return map_clear(s->map);
	default:
		return (int)map_used_entries(s->map);
	}
}

static void look(struct map *map, char *seen)
{
	struct item items[SCENE_MAX + 1];
	uint32_t who = 0, nth;
	uint64_t pos = 0;
	int n = map_seq_show_elem(map, &pos, NULL, items, SCENE_MAX + 1);
	int i;

	seen[0] = '\0';
	if (n < 0 || n > (int)SCENE_MAX)
		strcpy(seen, "?");
	for (i = 0; i < n && n <= (int)SCENE_MAX; i++) {
		if (!item_read(&items[i], &who, &nth))
			who = '?';
		seen[i] = (char)who;
		seen[i + 1] = '\0';
	}
}

/* Between: dropping and pushing are two steps, a clear is several. */
static bool is_between(const struct led_scene *s, const char *seen)
{
	const char *before = s->scene->before;

	if (s->scene->act == CLEAR)
		return s->map->map_type == BPF_MAP_TYPE_STACK ?
			       !strncmp(seen, before, strlen(seen)) :
			       strstr(before, seen) &&
				       strlen(strstr(before, seen)) ==
					       strlen(seen);
	return s->scene->act == PUSH_EXIST &&
	       s->map->map_type == BPF_MAP_TYPE_QUEUE &&
	       !strcmp(seen, before + 1);
}

/* The region as it is now, with its owner dead, is a map like any other. */
static void check_corpse(struct led_scene *s, uint64_t step)
{
	struct region *from = map_region(s->map, 0);
	struct region *to = map_region(s->copy, 0);
	const char *after =
		s->scene->after[s->map->map_type == BPF_MAP_TYPE_STACK];
	char seen[SCENE_MAX + 2];
	char when[100];

	memcpy(to->base, from->base, from->size);
	map_owner_end(s->copy, s->owner, false);
	look(s->copy, seen);
	if (strcmp(seen, s->scene->before) && strcmp(seen, after) &&
	    !is_between(s, seen))
		complain("%s, step %llu: %s became %s", s->scene->name,
			 (unsigned long long)step, s->scene->before, seen);
	map_used_entries(s->copy);
	map_clear(s->copy);
	snprintf(when, sizeof(when), "%s, death at step %llu", s->scene->name,
		 (unsigned long long)step);
	check_room(s->copy, 1, when);
}

static uint64_t walk_scene(struct led_scene *s, struct stepper *stepper)
{
	struct region *region = map_region(s->map, 0);
	unsigned char *last = need(region->size);
	struct item item;
	const char *at;

	map_clear(s->map);
	for (at = s->scene->before; *at; at++) {
		item = item_make((uint32_t)*at, 0);
		map_push_elem(s->map, &item, BPF_ANY);
	}
	if (map_owner_get(s->map, &s->owner))
		complain("map_owner_get");
	map_owner_set(s->map, s->owner);
	stepper_start(stepper, act, s);
	map_owner_set(s->map, 1);
	check_corpse(s, 0);
	memcpy(last, region->base, region->size);
	while (!complained() && stepper_step(stepper)) {
		if (!memcmp(last, region->base, region->size))
			continue;
		memcpy(last, region->base, region->size);
		check_corpse(s, stepper->steps);
	}
	if (!complained())
		stepper_finish(stepper);
	map_owner_end(s->map, s->owner, true);
	free(last);
	return stepper->steps;
}

static void test_steps(const struct shape *kind)
{
	struct led_scene s = { 0 };
	struct stepper stepper;
	uint64_t steps = 0;
	size_t i;

	s.map = shape_map(kind, 0, sizeof(struct item), SCENE_MAX);
	s.copy = shape_map(kind, 0, sizeof(struct item), SCENE_MAX);
	stepper_init(&stepper);
	for (i = 0; s.map && s.copy && i < NSCENES && !complained(); i++) {
		s.scene = &scenes[i];
		steps += walk_scene(&s, &stepper);
	}
	stepper_release(&stepper);
	put_map(s.map);
	put_map(s.copy);
	verdict("%s: death at each of %llu steps of %zu operations", kind->name,
		(unsigned long long)steps, i);
}

/* ------------------------------------------------ hostile bytes */

static void expect(const char *what, long result, int also)
{
	if (result < 0 && result != -EUCLEAN && result != -ENOENT &&
	    result != -E2BIG && result != -ENOMEM && result != also)
		complain("%s of a spoilt map: %ld", what, result);
}

static void try_all(struct map *map, struct rng *rng)
{
	struct map_census census;
	struct item items[4];
	uint64_t pos = rng_one_in(rng, 3) ? rng_next(rng) : 0;
	uint32_t owner;
	uint32_t n;
	int res = 1;

	items[0] = item_make(1, 1);
	for (n = 0; n < 12; n++) {
		expect("push",
		       map_push_elem(map, &items[0],
				     n % 3 ? BPF_ANY : BPF_EXIST),
		       -EPERM);
		expect("peek", map_peek_elem(map, &items[1]), 0);
		if (n % 2)
			expect("pop", map_pop_elem(map, &items[1]), -EPERM);
	}
	for (n = 0; res > 0 && n < 1000; n++)
		res = map_seq_show_elem(map, &pos, NULL, items, 4);
	expect("listing", res, 0);
	if (n == 1000)
		complain("a listing does not end");
	if (map_used_entries(map) > map->max_entries)
		complain("more elements than there may be");
	if (!map_owner_get(map, &owner))
		map_owner_end(map, owner, rng_one_in(rng, 2));
	expect("check", map_check(map, &census), 0);
	expect("clear", map_clear(map), -EPERM);
}

static void try_attached(struct map *maker, struct rng *rng)
{
	int prot = rng_one_in(rng, 3) ? PROT_READ : PROT_READ | PROT_WRITE;
	struct map *map;
	int err = map_attach(map_region(maker, 0)->fd, prot, &map);

	if (err) {
		if (err != -EUCLEAN && err != -EPROTO && err != -EOPNOTSUPP &&
		    err != -EUSERS)
			complain("attach to a spoilt map: %d", err);
		return;
	}
	/* The sizes in the header may be others now. */
	if (!map->key_size && map->value_size == maker->value_size &&
	    map->ops == maker->ops)
		try_all(map, rng);
	map_put_now(map);
}

static void hostile_main(void *arg)
{
	struct map *map = arg;
	struct region *region = map_region(map, 0);
	struct attack attack = {
		.base = region->base,
		.size = region->size,
		.plausible = 80,
		.rng = { seed },
	};
	struct item item;
	uint32_t n, round, left;

	for (n = 0; n < 30; n++) {
		item = item_make(1, n);
		map_push_elem(map, &item, BPF_ANY);
	}
	attack_init(&attack);
	for (round = scaled(2000); round && !complained(); round--) {
		attack_restore(&attack);
		left = 1 + rng_below(&attack.rng,
				     rng_one_in(&attack.rng, 4) ? 200 : 8);
		while (left--)
			attack_strike(&attack);
		if (rng_one_in(&attack.rng, 3))
			try_attached(map, &attack.rng);
		else
			try_all(map, &attack.rng);
	}
	attack_release(&attack);
}

static void test_hostile(const struct shape *kind)
{
	struct map *map = shape_map(kind, 0, sizeof(struct item), 40);

	if (map)
		child_wait(child_start(hostile_main, map));
	put_map(map);
	verdict("%s: %u spoilt maps", kind->name, scaled(2000));
}

int main(void)
{
	const char *missing;
	size_t i;

	harness_init(200);
	seed = env_seed();
	missing = stepper_missing();
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		test_crowd(&kinds[i], 1);
		test_crowd(&kinds[i], 500);
		test_deaths(&kinds[i], 3);
		test_deaths(&kinds[i], 200);
		test_hostile(&kinds[i]);
		if (missing)
			tap_comment("not led through: %s", missing);
		else
			test_steps(&kinds[i]);
	}
	return tap_done();
}
