/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the test of threads and processes; a test is told by its map. */
#ifndef DEATH_THREADS_H
#define DEATH_THREADS_H

#include "team.h"

extern uint64_t threads_seed;

/* A team on a new map; false, and a complaint, without one. */
bool team_open(struct team *team, const struct shape *shape,
	       uint32_t value_size, uint32_t max_entries);
/* What nobody works on any more is in order. */
void team_close(struct team *team, const char *when);

/* threads_room.c: how many elements there can be. */
void test_limit(const struct shape *shape);
void test_room(const struct shape *shape);
void test_return(const struct shape *shape);

/* threads_whole.c: each element once. */
void test_take(const struct shape *shape, uint32_t value_size);
void test_listing(const struct shape *shape);

#endif
