/* SPDX-License-Identifier: BSD-2-Clause */
/* Random operations on two queues or two stacks that must not differ. */
#ifndef MODEL_QUEUE_STEPS_H
#define MODEL_QUEUE_STEPS_H

#include "rng.h"
#include "subject.h"

/* Random attributes of a small queue or stack. */
struct map_attr queue_steps_attr(struct rng *rng, uint32_t map_type);

/*
 * 'steps' operations on two fresh maps of these attributes.  False, and a TAP
 * comment about the step, at the first difference.
 */
bool queue_steps_run(struct rng *rng, struct subject *a, struct subject *b,
		     const struct map_attr *attr, uint32_t steps);

#endif
