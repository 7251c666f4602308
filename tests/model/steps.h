/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random operations on two subjects that must not differ: each step calls
 * both with the same arguments and compares results and all outputs, those of
 * failing calls included.
 */
#ifndef MODEL_STEPS_H
#define MODEL_STEPS_H

#include "rng.h"
#include "subject.h"

/*
 * Up to 'steps' operations on two fresh maps of these attributes.  False, and
 * a TAP comment about the step, at the first difference.
 */
bool steps_run(struct rng *rng, struct subject *a, struct subject *b,
	       const struct map_attr *attr, uint32_t steps);

#endif
