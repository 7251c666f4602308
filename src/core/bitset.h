/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A set of small numbers in shared memory that finds a member in a few steps,
 * whatever its size: words of 64 bits, and above them words whose bits say
 * which of those have a member, up to a single word.
 *
 * Lock-free.  A lower level is changed before the level above it, and who
 * empties a word looks again after saying so: between the two a member may not
 * be found.  After a death between the two it is not found for good, and
 * bitset_add_again mends that.  The lowest level is the truth, and bitset_scan
 * looks at nothing else.  Whatever the memory holds, every call ends, and gives
 * numbers within the set.
 *
 * A struct bitset is private and describes the set; 'base' is where the
 * shared memory is mapped.  Memory that is all zero is the empty set or, with
 * 'inverted', the full one but for numbers that have to be taken away:
 * bitset_trim.
 */
#ifndef CORE_BITSET_H
#define CORE_BITSET_H

#include <stdbool.h>
#include <stdint.h>

#define BITSET_LEVELS 6

struct bitset {
	uint64_t off[BITSET_LEVELS];  /* bytes from base, of each level */
	uint32_t bits[BITSET_LEVELS]; /* of each level */
	uint32_t levels;
	uint64_t flip; /* what a word is stored as, xor */
};

/*
 * A set of numbers below 'bits' (1 to 2^31) at byte 'off', a multiple of 8.
 * The bytes that it takes.
 */
uint64_t bitset_init(struct bitset *set, uint64_t off, uint32_t bits,
		     bool inverted);

/* Once, in memory that is all zero, if inverted: take away what is no number.
 */
void bitset_trim(const struct bitset *set, void *base);

void bitset_add(const struct bitset *set, void *base, uint32_t n);
void bitset_add_again(const struct bitset *set, void *base, uint32_t n);

/* Is the number in the set?  Can it be found as well? */
bool bitset_has(const struct bitset *set, const void *base, uint32_t n);
bool bitset_shows(const struct bitset *set, const void *base, uint32_t n);

/* Remove a number.  Was it in the set, and are we the one who removed it? */
bool bitset_remove(const struct bitset *set, void *base, uint32_t n);

/*
 * The smallest number, as bitset_next from 0 on; mends what is said above
 * about words that are empty.  False if the set is empty.
 */
bool bitset_first(const struct bitset *set, void *base, uint32_t *n);

/* The smallest number that is at least 'from'.  False if there is none. */
bool bitset_next(const struct bitset *set, const void *base, uint32_t from,
		 uint32_t *n);

/* The same without the upper levels, and so word by word. */
bool bitset_scan(const struct bitset *set, const void *base, uint32_t from,
		 uint32_t *n);

/* How many of the numbers below 'end' are in the set. */
uint32_t bitset_count(const struct bitset *set, const void *base, uint32_t end);

#endif
