/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the processes do that use the mount, until they are killed.  Each slot
 * of them has keys of its own in every map, and writes down in shared memory
 * what it was acknowledged, so that those who come after it can tell a loss.
 */
#ifndef SOAK_ROLES_H
#define SOAK_ROLES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <mapfs/mapfs.h>

#include "model/rng.h"
#include "mount.h"
#include "types.h"

#define WORKERS 4u
/* Of each worker, in each map. */
#define KEYS 8u

/*
 * Nonces, doubled, and one more if the element is there: as last acknowledged,
 * and as it is to be.  Nonces begin with 1.
 */
struct entry {
	_Atomic uint64_t acknowledged;
	_Atomic uint64_t begun;
};

struct ledger {
	struct entry entry[TYPES][KEYS];
	/* Of queues and stacks: values put in and taken out, and what was in
	 * hand when it died. */
	_Atomic uint64_t pushed[TYPES];
	_Atomic uint64_t popped[TYPES];
	_Atomic uint64_t in_hand[TYPES];
	_Atomic uint64_t members; /* of the bloom filter, from 1 on */
};

/* Shared by all. */
struct stand {
	struct ledger ledger[WORKERS];
	_Atomic uint64_t operations;
	_Atomic uint64_t refused; /* by limits */
	_Atomic uint64_t strikes; /* on hostile regions */
	_Atomic uint32_t is_down; /* errors are the daemon's end */
};

struct worker {
	struct stand *stand;
	const struct mount *mount;
	uint32_t slot;
	struct rng rng;
};

typedef void role(struct worker *worker);

role role_library; /* every type, by libmapfs */
role role_mapping; /* counts in mapped arrays, and opens files anew */
role role_shell;   /* cat, dd, ls, rm */
role role_limits;  /* makes maps until there is no memory left, and goes */
role role_hostile; /* spoils regions of maps of its own */

/*
 * What must hold when nobody is at work: all that was acknowledged is there,
 * and each table is whole and takes as much as it says.
 */
void check_maps(struct stand *stand, const struct mount *mount);

#endif
