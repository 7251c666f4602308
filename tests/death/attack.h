/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Somebody who writes into memory what does not belong there, preferably
 * where something was and what could have been there.
 */
#ifndef DEATH_ATTACK_H
#define DEATH_ATTACK_H

#include <stdint.h>

#include "model/rng.h"

struct attack {
	unsigned char *base;
	uint64_t size;
	unsigned char *good; /* a copy of it as it was */
	uint64_t *used;	     /* offsets of words that were not zero */
	uint32_t used_count;
	uint32_t plausible; /* numbers below this mean something here */
	struct rng rng;
};

/* base, size, plausible and rng are set; what is there now is good. */
void attack_init(struct attack *attack);
void attack_release(struct attack *attack);

/* One blow, of a few bytes mostly. */
void attack_strike(struct attack *attack);
/* Many, on one place. */
void attack_hammer(struct attack *attack, uint32_t times);
void attack_restore(struct attack *attack);

#endif
