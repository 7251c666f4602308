/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The place of the thread that waits for the next call.
 *
 * The kernel wakes all who wait for one, which costs more than to answer it.
 * So one thread waits and the others wait for its place; it answers what it
 * received, and is mostly back before the next call.  Another one comes if more
 * calls are there already, or if the place stays empty: a call may take long.
 */
#ifndef RUN_PLACE_H
#define RUN_PLACE_H

#include <pthread.h>
#include <stdbool.h>

struct place {
	pthread_mutex_t lock; /* the rest */
	pthread_cond_t free;
	bool taken;
	unsigned int left;   /* how many times */
	bool quiet;	     /* nobody looks whether it stays empty */
	pthread_cond_t busy; /* somebody should */
};

/* 0 or a negative errno.  Starts a thread: block signals before. */
int place_init(struct place *place);

/* Wait until it is free, and have it until one leaves it. */
void place_take(struct place *place);
void place_leave(struct place *place);

/* Let one who waits for the place have it, if it is free. */
void place_fill(struct place *place);

#endif
