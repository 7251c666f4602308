/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every operation on a table that may be spoilt: each has to return, with an
 * errno that belongs to it, and to stay within its buffers.  What it finds may
 * be anything.
 */
#ifndef DEATH_EXERCISE_H
#define DEATH_EXERCISE_H

#include "core/map.h"
#include "model/rng.h"

struct exercise {
	struct map *map;
	struct rng rng;
	uint32_t numbers;    /* keys are made of numbers below this */
	unsigned char *keys; /* room for EXERCISE_BATCH, exactly */
	unsigned char *values;
	/* What is being done, and how many were begun: for one who watches. */
	const char *volatile at;
	_Atomic uint64_t begun;
	/* The first result that cannot be. */
	const char *wrong;
	long result;
};

#define EXERCISE_BATCH 16u

/* map, rng and numbers are set.  False without memory. */
bool exercise_init(struct exercise *exercise);
void exercise_release(struct exercise *exercise);

/* One operation at random; false when 'wrong' says which went wrong. */
bool exercise_one(struct exercise *exercise);
/* Those on the whole map, which is empty afterwards if all is well. */
bool exercise_end(struct exercise *exercise);
/* All of them. */
bool exercise_all(struct exercise *exercise);

/*
 * Attach to the table in 'fd', for writing or for reading: -errno, as it
 * should be, or 0 and the map.  'wrong' as above.
 */
int exercise_attach(struct exercise *exercise, int fd, int prot,
		    struct map **map);

#endif
