/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many workers on one map: threads of several processes, this one among them.
 */
#ifndef DEATH_TEAM_H
#define DEATH_TEAM_H

#include "elems.h"
#include "harness.h"

/* What workers have in common, in memory that all share. */
struct team_shared;

struct team {
	struct map *map;
	uint32_t processes;
	uint32_t threads; /* of each */
	uint64_t seed;
	void *data; /* the test's own, shared */
	struct team_shared *shared;
};

struct worker {
	struct team *team;
	uint32_t n; /* 0 and up; 0 is in the process that made the map */
	uint32_t rounds;
	struct rng rng;
	uint64_t tally; /* the worker's own count of something */
};

/* Have all workers do it, and wait for them. */
void team_run(struct team *team, void (*work)(struct worker *worker));

uint32_t team_size(const struct team *team);

/*
 * Wait until all workers are here.  False if somebody has complained: some may
 * be missing then.
 */
bool team_sync(struct worker *worker);

/* How many workers have finished their work. */
uint32_t team_finished(const struct team *team);

#endif
