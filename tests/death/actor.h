/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An actor works on a map at random: on keys of his own, of which he knows
 * what they hold, and on keys that others change as well.  He complains about
 * every result that cannot be right.
 *
 * What he knows is in a log that can outlive him, a word for each key of his
 * own: the state of the last operation that was acknowledged in the upper
 * half, and in the lower half that of the one under way, or the same.  A state
 * is a nonce that grows with each change, odd when the key is there.
 */
#ifndef DEATH_ACTOR_H
#define DEATH_ACTOR_H

#include "elems.h"
#include "harness.h"

enum actor_grant {
	ACTOR_EVICTS = 1 << 0, /* keys may be gone: an LRU that is full */
	ACTOR_FULL = 1 << 1,   /* E2BIG, ENOSPC: see map_full_errno */
	ACTOR_LACKS = 1 << 2,  /* ENOMEM: others have all nodes in hand */
};

#define ACTOR_BATCH 8u

struct actor {
	struct map *map;
	struct rng rng;
	unsigned int grants; /* enum actor_grant */
	uint32_t first;	     /* number of the first key of his own */
	uint32_t keys;
	uint32_t common_first; /* of the keys that others change as well */
	uint32_t common;       /* at least 1 */
	_Atomic uint64_t *log;
	_Atomic uint64_t *steps; /* counts operations */
	uint64_t pos;		 /* of a listing that he goes on with */
	unsigned char *key;	 /* room for ACTOR_BATCH */
	unsigned char *value;
};

/* The other fields are set.  Release takes back the memory, not the log. */
void actor_init(struct actor *actor);
void actor_release(struct actor *actor);

/* One operation, or a batch. */
void actor_step(struct actor *actor);

/*
 * Nobody else works on these keys: every one of them holds what the log says,
 * the state acknowledged or that of the operation under way, and then that is
 * the one acknowledged.
 */
void actor_settle(struct actor *actor);

#endif
