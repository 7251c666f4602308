/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random pushes and peeks of a bloom filter, by whoever keeps it, beside a
 * plain set of what was pushed.
 */
#ifndef MODEL_ORACLE_BLOOM_H
#define MODEL_ORACLE_BLOOM_H

#include "rng.h"
#include "subject.h"

/* Values that the operations choose from. */
#define BLOOM_VALUES 4096u

struct bloom_oracle {
	struct rng *rng;
	const struct map_attr *attr;
	bool in[BLOOM_VALUES];
	bool seemed[BLOOM_VALUES]; /* to be in, so it must stay */
	bool frozen;
	unsigned char *value;
};

/* Random attributes of a filter that can be made. */
struct map_attr bloom_oracle_attr(struct rng *rng);

/*
 * One operation: push by 'push' or peek by 'peek', which get 'arg'.  False, and
 * a TAP comment, when its result cannot be.
 */
bool bloom_oracle_step(struct bloom_oracle *o,
		       int (*push)(void *arg, const void *value,
				   uint64_t flags),
		       int (*peek)(void *arg, void *value), void *arg);

#endif
