/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/notices.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define END_WAIT_NS 5000000

void notices_init(struct notices *notices)
{
	pthread_mutex_init(&notices->lock, NULL);
	pthread_cond_init(&notices->changed, NULL);
	notices->end = &notices->first;
}

/* The lock is held. */
static struct notice *take_first(struct notices *notices)
{
	struct notice *notice = notices->first;

	if (!notice)
		return NULL;
	notices->first = notice->next;
	if (!notices->first)
		notices->end = &notices->first;
	return notice;
}

void notices_release(struct notices *notices)
{
	struct notice *notice;

	while ((notice = take_first(notices)))
		free(notice);
	pthread_cond_destroy(&notices->changed);
	pthread_mutex_destroy(&notices->lock);
}

static void *notices_run(void *arg)
{
	struct fs *fs = arg;
	struct notices *notices = &fs->notices;
	struct notice *notice;

	pthread_mutex_lock(&notices->lock);
	while (!notices->ending) {
		notice = take_first(notices);
		if (!notice) {
			pthread_cond_wait(&notices->changed, &notices->lock);
			continue;
		}
		pthread_mutex_unlock(&notices->lock);
		fuse_lowlevel_notify_inval_entry(fs->se, FUSE_ROOT_ID,
						 notice->name,
						 strlen(notice->name));
		free(notice);
		pthread_mutex_lock(&notices->lock);
	}
	notices->ended = true;
	pthread_cond_broadcast(&notices->changed);
	pthread_mutex_unlock(&notices->lock);
	return NULL;
}

/* Signals are for the thread that the loop was started by. */
int notices_start(struct fs *fs)
{
	sigset_t all;
	sigset_t old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&fs->notices.thread, NULL, notices_run, fs);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -err;
}

void notices_post(struct notices *notices, struct notice *notice)
{
	notice->next = NULL;
	pthread_mutex_lock(&notices->lock);
	*notices->end = notice;
	notices->end = &notice->next;
	pthread_cond_broadcast(&notices->changed);
	pthread_mutex_unlock(&notices->lock);
}

bool notices_end(struct notices *notices)
{
	struct timespec until;
	bool ended;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += END_WAIT_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&notices->lock);
	notices->ending = true;
	pthread_cond_broadcast(&notices->changed);
	if (!notices->ended)
		pthread_cond_timedwait(&notices->changed, &notices->lock,
				       &until);
	ended = notices->ended;
	pthread_mutex_unlock(&notices->lock);
	if (ended)
		pthread_join(notices->thread, NULL);
	return ended;
}
