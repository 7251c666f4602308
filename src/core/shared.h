/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that other threads and processes write at the same time, without
 * locks: words, and copies that move aligned words whole.
 *
 * Loads acquire and stores release, which costs nothing on x86.  A reader that
 * copies what may be thrown away meanwhile looks afterwards at the word that
 * says so: an acquiring load before it keeps that look behind the copy, and
 * the releasing stores of the one who uses the memory anew are seen only
 * together with the word's change before them.  (Fences would do as well, but
 * the thread sanitizer does not know them.)
 */
#ifndef CORE_SHARED_H
#define CORE_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define shared_load(word) __atomic_load_n((word), __ATOMIC_ACQUIRE)
#define shared_store(word, value) \
	__atomic_store_n((word), (value), __ATOMIC_RELEASE)

/*
 * Read-modify-write, sequentially consistent.  The CAS does not fail for
 * nothing; 'old' is a value, not a pointer.
 */
#define shared_or(word, bits) \
	__atomic_fetch_or((word), (bits), __ATOMIC_SEQ_CST)
#define shared_and(word, bits) \
	__atomic_fetch_and((word), (bits), __ATOMIC_SEQ_CST)
#define shared_add(word, n) __atomic_fetch_add((word), (n), __ATOMIC_SEQ_CST)
#define shared_swap(word, new) \
	__atomic_exchange_n((word), (new), __ATOMIC_SEQ_CST)

static inline bool shared_cas(uint64_t *word, uint64_t old, uint64_t new)
{
	return __atomic_compare_exchange_n(word, &old, new, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE);
}

static inline bool shared_cas32(uint32_t *word, uint32_t old, uint32_t new)
{
	return __atomic_compare_exchange_n(word, &old, new, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE);
}

/*
 * The shared side decides the width of each access; the private side is moved
 * with memcpy, which compiles to one access of that width.
 */
#define SHARED_OUT(type)                                      \
	do {                                                  \
		type word_ = shared_load((const type *)from); \
		memcpy(to, &word_, sizeof(word_));            \
		step = sizeof(word_);                         \
	} while (0)

#define SHARED_IN(type)                              \
	do {                                         \
		type word_;                          \
		memcpy(&word_, from, sizeof(word_)); \
		shared_store((type *)to, word_);     \
		step = sizeof(word_);                \
	} while (0)

#define SHARED_STEP(shared, MOVE)                    \
	do {                                         \
		uintptr_t at_ = (uintptr_t)(shared); \
		if (len >= 8 && at_ % 8 == 0)        \
			MOVE(uint64_t);              \
		else if (len >= 4 && at_ % 4 == 0)   \
			MOVE(uint32_t);              \
		else if (len >= 2 && at_ % 2 == 0)   \
			MOVE(uint16_t);              \
		else                                 \
			MOVE(uint8_t);               \
	} while (0)

/* Copy out of shared memory into private. */
static inline void shared_copy_out(void *dst, const void *src, size_t len)
{
	const unsigned char *from = src;
	unsigned char *to = dst;
	size_t step;

	for (; len; to += step, from += step, len -= step)
		SHARED_STEP(from, SHARED_OUT);
}

/* Copy private memory into shared. */
static inline void shared_copy_in(void *dst, const void *src, size_t len)
{
	const unsigned char *from = src;
	unsigned char *to = dst;
	size_t step;

	for (; len; to += step, from += step, len -= step)
		SHARED_STEP(to, SHARED_IN);
}

/* Copy whole 8-byte words within shared memory. */
static inline void shared_copy_words(void *dst, const void *src, size_t len)
{
	const uint64_t *from = src;
	uint64_t *to = dst;

	for (; len; to++, from++, len -= 8)
		shared_store(to, shared_load(from));
}

#endif
