/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/bitset.h"

#include "core/shared.h"

/*
 * Searches that met a word which others were changing start again, but not
 * for ever: a hostile process can put nonsense into the upper levels.
 */
#define BITSET_TRIES 256u

static uint64_t *word_at(const struct bitset *set, const void *base,
			 uint32_t level, uint32_t word)
{
	return (uint64_t *)((uintptr_t)base + set->off[level]) + word;
}

static uint64_t word_load(const struct bitset *set, const void *base,
			  uint32_t level, uint32_t word)
{
	return shared_load(word_at(set, base, level, word)) ^ set->flip;
}

/* Set or clear a bit; the word as it was before. */
static uint64_t bit_set(const struct bitset *set, void *base, uint32_t level,
			uint32_t n)
{
	uint64_t *word = word_at(set, base, level, n / 64);
	uint64_t bit = 1ull << n % 64;

	return set->flip ? ~shared_and(word, ~bit) : shared_or(word, bit);
}

static uint64_t bit_clear(const struct bitset *set, void *base, uint32_t level,
			  uint32_t n)
{
	uint64_t *word = word_at(set, base, level, n / 64);
	uint64_t bit = 1ull << n % 64;

	return set->flip ? ~shared_or(word, bit) : shared_and(word, ~bit);
}

uint64_t bitset_init(struct bitset *set, uint64_t off, uint32_t bits,
		     bool inverted)
{
	uint64_t start = off;
	uint32_t level = 0;

	set->flip = inverted ? UINT64_MAX : 0;
	for (;;) {
		set->bits[level] = bits;
		set->off[level] = off;
		bits = (bits + 63) / 64;
		off += (uint64_t)bits * 8;
		level++;
		if (bits == 1)
			break;
	}
	set->levels = level;
	return off - start;
}

void bitset_trim(const struct bitset *set, void *base)
{
	uint32_t level;
	uint32_t bits;

	for (level = 0; level < set->levels; level++) {
		bits = set->bits[level];
		if (bits % 64)
			shared_or(word_at(set, base, level, bits / 64),
				  UINT64_MAX << bits % 64);
	}
}

/* Number n of 'level' has members: say so there and above. */
static void bits_say(const struct bitset *set, void *base, uint32_t level,
		     uint32_t n)
{
	for (; level < set->levels; level++, n /= 64)
		if (!(word_load(set, base, level, n / 64) >> n % 64 & 1))
			bit_set(set, base, level, n);
}

/*
 * All levels, though the word had a member already: who told of that one may
 * not have come as far.
 */
void bitset_add(const struct bitset *set, void *base, uint32_t n)
{
	bit_set(set, base, 0, n);
	bits_say(set, base, 1, n / 64);
}

void bitset_add_again(const struct bitset *set, void *base, uint32_t n)
{
	bits_say(set, base, 0, n);
}

bool bitset_has(const struct bitset *set, const void *base, uint32_t n)
{
	return word_load(set, base, 0, n / 64) >> n % 64 & 1;
}

bool bitset_shows(const struct bitset *set, const void *base, uint32_t n)
{
	uint32_t level;

	for (level = 0; level < set->levels; level++, n /= 64)
		if (!(word_load(set, base, level, n / 64) >> n % 64 & 1))
			return false;
	return true;
}

/*
 * Word n of 'level' has become empty: say so above.  Who adds a member
 * meanwhile may have looked above before we cleared the bit, so look again.
 */
static void word_emptied(const struct bitset *set, void *base, uint32_t level,
			 uint32_t n)
{
	uint64_t old;

	for (; level + 1 < set->levels; level++, n /= 64) {
		old = bit_clear(set, base, level + 1, n);
		if (word_load(set, base, level, n)) {
			bits_say(set, base, level + 1, n);
			return;
		}
		if (old & ~(1ull << n % 64))
			return;
	}
}

bool bitset_remove(const struct bitset *set, void *base, uint32_t n)
{
	uint64_t bit = 1ull << n % 64;
	uint64_t old = bit_clear(set, base, 0, n);

	if (!(old & bit))
		return false;
	if (!(old & ~bit))
		word_emptied(set, base, 0, n / 64);
	return true;
}

/*
 * The smallest number below bit *n of 'level'.  False, and *level and *n say
 * which word is empty though the one above says otherwise; or *level is that
 * of no word where the memory holds what no set can.
 */
static bool descend(const struct bitset *set, const void *base, uint32_t *level,
		    uint32_t *n)
{
	uint64_t word;

	while (*level > 0) {
		word = word_load(set, base, *level - 1, *n);
		--*level;
		if (!word)
			return false;
		*n = *n * 64 + (uint32_t)__builtin_ctzll(word);
		if (*n >= set->bits[*level]) {
			*level = BITSET_LEVELS;
			return false;
		}
	}
	return true;
}

bool bitset_first(const struct bitset *set, void *base, uint32_t *n)
{
	unsigned int tries;

	for (tries = 0; tries < BITSET_TRIES; tries++) {
		uint32_t level = set->levels;
		uint32_t found = 0;

		if (descend(set, base, &level, &found)) {
			*n = found;
			return true;
		}
		if (level + 1 >= set->levels)
			return false;
		word_emptied(set, base, level, found);
	}
	return false;
}

bool bitset_next(const struct bitset *set, const void *base, uint32_t from,
		 uint32_t *n)
{
	unsigned int tries;

	for (tries = 0; tries < BITSET_TRIES; tries++) {
		uint64_t word = 0;
		uint64_t skip;
		uint32_t level;
		uint32_t at = from;

		/* Up, until a word has a bit behind where we come from. */
		for (level = 0; level < set->levels; level++) {
			if (at >= set->bits[level])
				return false;
			word = word_load(set, base, level, at / 64) &
			       UINT64_MAX << at % 64;
			if (word)
				break;
			at = at / 64 + 1;
		}
		if (!word)
			return false;
		at = at / 64 * 64 + (uint32_t)__builtin_ctzll(word);
		if (at >= set->bits[level])
			return false;
		if (descend(set, base, &level, &at)) {
			*n = at;
			return true;
		}
		if (level == BITSET_LEVELS)
			return false;
		/* Go on behind the empty word. */
		skip = ((uint64_t)at + 1) << 6 * (level + 1);
		if (skip >= set->bits[0])
			return false;
		from = (uint32_t)skip;
	}
	return false;
}

bool bitset_scan(const struct bitset *set, const void *base, uint32_t from,
		 uint32_t *n)
{
	uint64_t word;
	uint32_t at;

	for (at = from; at < set->bits[0]; at = (at | 63) + 1) {
		word = word_load(set, base, 0, at / 64) & UINT64_MAX << at % 64;
		if (!word)
			continue;
		*n = at / 64 * 64 + (uint32_t)__builtin_ctzll(word);
		return *n < set->bits[0];
	}
	return false;
}

uint32_t bitset_count(const struct bitset *set, const void *base, uint32_t end)
{
	uint32_t count = 0;
	uint32_t word;
	uint64_t bits;

	for (word = 0; word < (end + 63) / 64; word++) {
		bits = word_load(set, base, 0, word);
		if (end - word * 64 < 64)
			bits &= ~(UINT64_MAX << (end - word * 64));
		count += (uint32_t)__builtin_popcountll(bits);
	}
	return count;
}
