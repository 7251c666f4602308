/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests beside the running kernel share, their main program above all.
 */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include "bpf-subject.h"
#include "model/maps.h"

/* Its descriptor comes with the flag, and is looked at between the rest. */
#define KERNEL_F_TOKEN_FD 0x10000u

/* Bytes that the kernel may have to allocate for a map of a test. */
#define KERNEL_BYTES (1ull << 20)

/*
 * A name, an extra number, a node and flags, of which 'flags' are likely.
 * Each is right more often than not, so that many maps are refused for one
 * reason alone and some for several.
 */
void kernel_pick_rest(struct rng *rng, struct map_attr *attr,
		      const uint32_t *flags, uint32_t nflags);

/* Why this kernel cannot be compared with, or NULL. */
const char *kernel_unfit(void);

/* A maps_test's run_map: step by step, mapped by the kernel if 'way'. */
bool kernel_run_map(struct rng *rng, const struct maps_test *test,
		    uint32_t steps);

/*
 * Creations of random attributes on both sides, which must be answered alike,
 * and then the tests.  SEED=N replays a run, OPS=N sets the operations of each
 * of its tests.  Skipped where bpf(2) is not what we follow.
 */
int kernel_main(struct map_attr (*pick_attr)(struct rng *rng),
		const struct maps_test *tests, size_t count);

#endif
