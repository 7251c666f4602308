/* SPDX-License-Identifier: BSD-2-Clause */
#include "attack.h"

#include <stdlib.h>
#include <string.h>

#include "harness.h"

void attack_init(struct attack *a)
{
	uint64_t word, off;

	a->good = need(a->size);
	memcpy(a->good, a->base, a->size);
	a->used = need(a->size);
	for (off = 0; off + 8 <= a->size; off += 8) {
		memcpy(&word, a->good + off, 8);
		if (word)
			a->used[a->used_count++] = off;
	}
}

void attack_release(struct attack *a)
{
	free(a->good);
	free(a->used);
}

void attack_restore(struct attack *a)
{
	memcpy(a->base, a->good, a->size);
}

/* The header and what follows it, a word that was used, or any place. */
static uint64_t pick_place(struct attack *a)
{
	switch (rng_below(&a->rng, 8)) {
	case 0:
		return rng_below(&a->rng,
				 a->size < 256 ? (uint32_t)a->size : 256);
	case 1 ... 4:
		if (a->used_count)
			return a->used[rng_below(&a->rng, a->used_count)] +
			       rng_below(&a->rng, 2) * 4;
		break;
	}
	return rng_next(&a->rng) % a->size;
}

/* Somewhere else's word, a small number, a bit more, less or turned. */
static uint32_t pick_word(struct attack *a, uint32_t was)
{
	uint32_t word;

	switch (rng_below(&a->rng, 8)) {
	case 0:
		return (uint32_t)rng_next(&a->rng);
	case 1:
		return was + 1;
	case 2:
		return was - 1;
	case 3:
		return was ^ 1u << rng_below(&a->rng, 32);
	case 4:
		memcpy(&word, a->good + (pick_place(a) & ~3ull) % (a->size - 3),
		       4);
		return word;
	case 5:
		return rng_one_in(&a->rng, 2) ? 0 : UINT32_MAX;
	default:
		return rng_below(&a->rng, a->plausible + 2);
	}
}

static void store_word(struct attack *a, uint64_t off)
{
	uint32_t *at;

	off &= ~3ull;
	if (off + 4 > a->size)
		return;
	at = (uint32_t *)(a->base + off);
	__atomic_store_n(at,
			 pick_word(a, __atomic_load_n(at, __ATOMIC_RELAXED)),
			 __ATOMIC_RELAXED);
}

/* A stretch of one byte, of noise, or of what was elsewhere. */
static void store_stretch(struct attack *a, uint64_t off)
{
	uint32_t len =
		1 + rng_below(&a->rng, rng_one_in(&a->rng, 8) ? 4096 : 64);
	uint64_t from = pick_place(a);

	if (len > a->size - off)
		len = (uint32_t)(a->size - off);
	if (len > a->size - from)
		len = (uint32_t)(a->size - from);
	switch (rng_below(&a->rng, 4)) {
	case 0:
		memset(a->base + off, (int)rng_next(&a->rng), len);
		break;
	case 1:
		memset(a->base + off, 0, len);
		break;
	case 2:
		rng_fill(&a->rng, a->base + off, len);
		break;
	default:
		memcpy(a->base + off, a->good + from, len);
	}
}

void attack_strike(struct attack *a)
{
	uint64_t off = pick_place(a);

	if (rng_one_in(&a->rng, 6))
		store_stretch(a, off);
	else
		store_word(a, off);
}

void attack_hammer(struct attack *a, uint32_t times)
{
	uint64_t off = pick_place(a);

	while (times--)
		store_word(a, off);
}
