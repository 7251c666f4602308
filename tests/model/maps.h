/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests that make random maps of one type and do random operations on each. */
#ifndef MODEL_MAPS_H
#define MODEL_MAPS_H

#include "rng.h"
#include "subject.h"

/* Random attributes of a small map that can be made. */
struct map_attr maps_attr(struct rng *rng, uint32_t map_type);

struct maps_test {
	uint32_t map_type;
	int way;	 /* the test's own business */
	const char *how; /* what it is, behind the type's name */
	/* Make a map and do 'steps' operations.  False: a comment says why. */
	bool (*run_map)(struct rng *rng, const struct maps_test *test,
			uint32_t steps);
};

/*
 * One test in TAP, of 'ops' operations.  Each starts from the seed, so that it
 * can be told alone.
 */
void maps_test_run(const struct maps_test *test, uint64_t seed, uint64_t ops);

#endif
