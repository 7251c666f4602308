/* SPDX-License-Identifier: BSD-2-Clause */
#include "rng.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "tap.h"

uint64_t env_u64(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

uint64_t env_seed(void)
{
	uint64_t seed = 0;

	if (getrandom(&seed, 4, 0) != 4)
		seed = 1;
	seed = env_u64("SEED", seed);
	tap_comment("seed %llu", (unsigned long long)seed);
	return seed;
}

uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint32_t rng_below(struct rng *rng, uint32_t n)
{
	return (uint32_t)((rng_next(rng) >> 32) * n >> 32);
}

bool rng_one_in(struct rng *rng, uint32_t n)
{
	return rng_below(rng, n) == 0;
}

void rng_fill(struct rng *rng, void *bytes, size_t len)
{
	unsigned char *byte = bytes;
	uint64_t word;
	size_t step;

	for (; len; byte += step, len -= step) {
		step = len < sizeof(word) ? len : sizeof(word);
		word = rng_next(rng);
		memcpy(byte, &word, step);
	}
}
