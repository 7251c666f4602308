/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads and processes on one map of each kind, nobody killed: every value is
 * whole and its key's, what was acknowledged is there, max_entries is exact,
 * an element is taken once, a listing has each element that stays once.
 * SEED=N makes the same choices, MAPFS_SCALE=percent lengthens it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "capacity.h"
#include "core/topology.h"
#include "threads.h"

uint64_t threads_seed;

bool team_open(struct team *team, const struct shape *shape,
	       uint32_t value_size, uint32_t max_entries)
{
	*team = (struct team){
		.map = shape_map(shape, 8, value_size, max_entries),
		.processes = 3,
		.threads = 3,
		.seed = threads_seed,
	};
	return team->map;
}

void team_close(struct team *team, const char *when)
{
	if (!complained())
		check_census(team->map, 1, when);
	put_map(team->map);
}

/* ------------------------------------------- everything at random */

struct mixed {
	uint32_t keys;	 /* of each worker */
	uint32_t common; /* of all */
	uint32_t steps;	 /* of each worker */
	unsigned int grants;
};

static void mixed_work(struct worker *w)
{
	const struct mixed *mixed = w->team->data;
	_Atomic uint64_t steps = 0;
	struct actor actor = {
		.map = w->team->map,
		.rng = w->rng,
		.grants = mixed->grants,
		.first = w->n * mixed->keys,
		.keys = mixed->keys,
		.common_first = team_size(w->team) * mixed->keys,
		.common = mixed->common,
		.steps = &steps,
	};

	actor.log = need(mixed->keys * sizeof(*actor.log));
	actor_init(&actor);
	while (atomic_load(&steps) < mixed->steps && !complained())
		actor_step(&actor);
	if (!complained())
		actor_settle(&actor);
	actor_release(&actor);
	free((void *)actor.log);
}

/*
 * In a roomy map there is a place for every key, and one more for each worker,
 * who may have it in hand when he is slower than another.
 */
static void test_mixed(const struct shape *shape, uint32_t value_size,
		       bool roomy)
{
	struct mixed *mixed = share(sizeof(*mixed));
	struct team team;

	if (roomy)
		*mixed = (struct mixed){ 16, 24, scaled(12000), 0 };
	else
		*mixed = (struct mixed){ 4, 24, scaled(50000), 0 };
	if (team_open(&team, shape, value_size,
		      roomy ? 9 * mixed->keys + mixed->common + 9 : 40)) {
		if (shape->map_flags & BPF_F_NO_COMMON_LRU)
			mixed->grants = ACTOR_EVICTS;
		else if (!roomy)
			mixed->grants = map_evicts(team.map) ? ACTOR_EVICTS :
							       ACTOR_FULL;
		team.data = mixed;
		team_run(&team, mixed_work);
		if (!complained())
			check_used(team.map, "at the end");
		team_close(&team, "at the end");
	}
	verdict("%s, values of %u bytes: threads of processes on %s map",
		shape->name, value_size, roomy ? "a roomy" : "too small a");
	unshare_memory(mixed, sizeof(*mixed));
}

/* --------------------------------------------- slots of each CPU */

/* A worker has one CPU's slot of a key, which others share. */
static void slots_work(struct worker *w)
{
	struct map *map = w->team->map;
	uint32_t cpus = topology_cpus();
	uint32_t number = w->n / cpus;
	uint32_t cpu = w->n % cpus;
	unsigned char *slot = need(map->value_size);
	unsigned char key[64];
	uint32_t i, nonce;
	int err;

	key_make(map, number, key);
	for (i = 1; i < scaled(12000) && !complained(); i++) {
		slot_make(map, number, i, slot);
		err = map_update_percpu_elem(map, key, slot, cpu, BPF_ANY);
		if (err)
			complain("update of CPU %u: %d", cpu, err);
		err = map_lookup_percpu_elem(map, key, slot, cpu);
		nonce = err ? 0 : slot_read(map, number, slot);
		if (nonce != i)
			complain("CPU %u holds %u, not %u: %d", cpu, nonce, i,
				 err);
		err = map_lookup_percpu_elem(map, key, slot,
					     rng_below(&w->rng, cpus));
		if (err || (!slot_read(map, number, slot) &&
			    !is_zero(slot, map->value_size)))
			complain("lookup of any CPU: %d", err);
	}
	free(slot);
}

static void test_slots(const struct shape *shape, uint32_t value_size)
{
	struct team team;

	if (team_open(&team, shape, value_size, 64)) {
		team_run(&team, slots_work);
		team_close(&team, "at the end");
	}
	verdict("%s, values of %u bytes: a CPU's slot is its own", shape->name,
		value_size);
}

int main(void)
{
	static const uint32_t sizes[] = { 8, 64, 1000 };
	bool common;
	size_t i, j;

	harness_init(300);
	threads_seed = env_seed();
	for (i = 0; i < SHAPES; i++) {
		if (!wanted(shapes[i].name))
			continue;
		common = !(shapes[i].map_flags & BPF_F_NO_COMMON_LRU);
		for (j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			test_mixed(&shapes[i], sizes[j], true);
			test_mixed(&shapes[i], sizes[j], false);
		}
		if (!common)
			continue;
		test_limit(&shapes[i]);
		test_room(&shapes[i]);
		/* What an LRU evicts meanwhile is another's. */
		if (shapes[i].map_type != BPF_MAP_TYPE_LRU_HASH &&
		    shapes[i].map_type != BPF_MAP_TYPE_LRU_PERCPU_HASH)
			test_return(&shapes[i]);
		if (map_type_ops(shapes[i].map_type)
			    ->map_lookup_and_delete_elem) {
			test_take(&shapes[i], 8);
			test_take(&shapes[i], 1000);
		}
		test_listing(&shapes[i]);
	}
	for (i = 0; i < TYPES; i++) {
		if (!map_type_ops(shapes[i].map_type)->map_update_percpu_elem ||
		    !wanted(shapes[i].name))
			continue;
		test_slots(&shapes[i], 16);
		test_slots(&shapes[i], 1000);
	}
	return tap_done();
}
