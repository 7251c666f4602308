/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for additions to a map: one word in its shared memory.
 *
 *	bit 0		somebody sleeps, or is about to
 *	bits 1 to 31	count how often sleepers were woken
 *
 * Who adds looks at the word afterwards, and only if bit 0 is set wakes all:
 * by adding 1, which clears the bit and counts.  Who waits sets the bit, looks
 * whether something was added, and sleeps as long as the word stays as it is.
 * Both do their two steps in one order for all (sequential consistency), so
 * one of them sees what the other did.
 *
 * Who adds can be killed between adding and waking, and a hostile process can
 * write anything there: nobody sleeps for longer than WAIT_STEP without looking
 * again.  A sleeper that is killed leaves the bit, which costs one wake.
 */
#ifndef CORE_WAIT_H
#define CORE_WAIT_H

#include <stdint.h>

#include "core/shared.h"

/* Nanoseconds. */
#define WAIT_STEP    100000000ull
#define WAIT_FOREVER UINT64_MAX

#define WAIT_ASLEEP  1u

/* The time, in nanoseconds of a clock that is never set. */
uint64_t wait_now(void);
/* The moment so many nanoseconds from now. */
uint64_t wait_until(uint64_t ns);

/* Wake all sleepers of a word that was like this. */
void wait_wake_all(uint32_t *word, uint32_t was);

/* After an addition. */
static inline void wait_wake(uint32_t *word)
{
	uint32_t was = __atomic_load_n(word, __ATOMIC_SEQ_CST);

	if (was & WAIT_ASLEEP)
		wait_wake_all(word, was);
}

/* Before looking for an addition: what the word is while we are to sleep. */
uint32_t wait_announce(uint32_t *word);

/*
 * Sleep while the word is like this, until 'deadline' or for WAIT_STEP.  0: to
 * be looked again; -EINTR: a signal came.
 */
int wait_sleep(const uint32_t *word, uint32_t announced, uint64_t deadline);

/* Let the sleepers look, though nothing was added; one may miss it. */
void wait_kick(const uint32_t *word);

#endif
