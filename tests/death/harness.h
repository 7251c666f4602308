/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests with many processes share: memory that all of them see, the
 * first complaint of any of them, children that do not outlive this process,
 * and counts that can be scaled.
 *
 * For the one who runs them: MAPFS_SCALE is the percent of the default counts
 * (100), ONLY=text runs only tests of maps with this text in their name; SEED=N
 * makes the same choices again, while what the scheduler does cannot be
 * repeated.
 */
#ifndef DEATH_HARNESS_H
#define DEATH_HARNESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/rng.h"
#include "model/tap.h"

/*
 * Before anything else.  The whole program is ended, as a failure, after
 * 'seconds' times MAPFS_SCALE (and more under sanitizers).
 */
void harness_init(unsigned int seconds);

/* Is a test of this name asked for? */
bool wanted(const char *name);

/* Is this build one of the address or the thread sanitizer's? */
bool sanitized(void);

/* 'count' by MAPFS_SCALE, a part of it under sanitizers; at least 1. */
uint32_t scaled(uint32_t count);

uint64_t now_us(void);
void sleep_us(uint64_t us);

/* How long nothing may happen, under load, before that is a failure. */
#define PATIENCE_US (sanitized() ? 120000000ull : 20000000ull)

/* Wait until the word is other than 'from'.  False after PATIENCE_US. */
bool wait_beyond(const _Atomic uint64_t *word, uint64_t from);

/* Zeroed memory that children share, and its end. */
void *share(size_t bytes);
void unshare_memory(void *memory, size_t bytes);

/* Private memory; the test ends where there is none. */
void *need(size_t bytes);

/*
 * Something is wrong.  The first complaint counts, whichever process it comes
 * from; everybody may go on, or stop early.
 */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool complained(void);

/* A result: ok if nobody complained since the last one. */
void verdict(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * A child that calls 'run' and ends with status 0; it is killed when this
 * process goes.
 */
pid_t child_start(void (*run)(void *arg), void *arg);
/* Wait for its end; complains about any other than exit with status 0. */
void child_wait(pid_t pid);
/* Kill it, and wait for that. */
void child_kill(pid_t pid);

#endif
