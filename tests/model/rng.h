/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers for tests: the same ones for the same seed, everywhere.
 * splitmix64, so any seed is as good as any other.
 */
#ifndef MODEL_RNG_H
#define MODEL_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

/* The number in the environment's variable, 'otherwise' without one. */
uint64_t env_u64(const char *name, uint64_t otherwise);

/* SEED of the environment, or one from the kernel; said in a TAP comment. */
uint64_t env_seed(void);

uint64_t rng_next(struct rng *rng);
/* 0 to n - 1; n is not 0. */
uint32_t rng_below(struct rng *rng, uint32_t n);
/* True once in n times. */
bool rng_one_in(struct rng *rng, uint32_t n);
void rng_fill(struct rng *rng, void *bytes, size_t len);

#define rng_pick(rng, array) \
	((array)[rng_below(rng, sizeof(array) / sizeof((array)[0]))])

#endif
