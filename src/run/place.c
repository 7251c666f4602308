/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/place.h"

#include <string.h>
#include <time.h>

/* Nanoseconds that the place may stay empty. */
#define EMPTY_NS (1000 * 1000)

void place_take(struct place *place)
{
	pthread_mutex_lock(&place->lock);
	while (place->taken)
		pthread_cond_wait(&place->free, &place->lock);
	place->taken = true;
	pthread_mutex_unlock(&place->lock);
}

void place_leave(struct place *place)
{
	pthread_mutex_lock(&place->lock);
	place->taken = false;
	place->left++;
	if (place->quiet)
		pthread_cond_signal(&place->busy);
	pthread_mutex_unlock(&place->lock);
}

/* Fill the place when it stays empty; sleep while nobody leaves it. */
static void *watch(void *arg)
{
	const struct timespec delay = { .tv_nsec = EMPTY_NS };
	struct place *place = arg;
	unsigned int left;

	pthread_mutex_lock(&place->lock);
	for (;;) {
		left = place->left;
		pthread_mutex_unlock(&place->lock);
		nanosleep(&delay, NULL);
		pthread_mutex_lock(&place->lock);
		if (!place->taken)
			pthread_cond_signal(&place->free);
		place->quiet = place->taken && place->left == left;
		while (place->quiet && place->left == left)
			pthread_cond_wait(&place->busy, &place->lock);
		place->quiet = false;
	}
	return NULL;
}

void place_fill(struct place *place)
{
	pthread_cond_signal(&place->free);
}

int place_init(struct place *place)
{
	pthread_t thread;
	int err;

	memset(place, 0, sizeof(*place));
	pthread_mutex_init(&place->lock, NULL);
	pthread_cond_init(&place->free, NULL);
	pthread_cond_init(&place->busy, NULL);
	err = pthread_create(&thread, NULL, watch, place);
	if (!err)
		pthread_detach(thread);
	return -err;
}
