/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random operations on two tries that must not differ, the order of their keys
 * included.  Prefixes are of any length and mostly alike, so that they contain
 * each other and part anywhere; bits behind them are often set.
 */
#ifndef MODEL_LPM_STEPS_H
#define MODEL_LPM_STEPS_H

#include "rng.h"
#include "subject.h"

/* Random attributes of a small trie. */
struct map_attr lpm_steps_attr(struct rng *rng);

/*
 * Up to 'steps' operations on two fresh tries of these attributes.  False, and
 * a TAP comment about the step, at the first difference.
 */
bool lpm_steps_run(struct rng *rng, struct subject *a, struct subject *b,
		   const struct map_attr *attr, uint32_t steps);

#endif
