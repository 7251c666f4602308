/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks: a request's own, which libfuse holds while it calls 'interrupted';
 * then waits->lock; then libfuse's session lock.
 */
#include "fs/waits.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "core/wait.h"
#include "fs/dir.h"

/* Who polls an open file.  The kernel sends a new handle with each poll. */
struct polled {
	uint64_t fh;
	uint64_t seen;
	struct fuse_pollhandle *handle;
	struct polled *next;
};

/* A map that is waited for. */
struct watch {
	struct waits *waits;
	struct fs *fs;
	struct map_dir *dir; /* holds a reference */
	struct map *map;
	struct parked *parked; /* who came first is first */
	struct polled *polled;
	struct watch *next;
};

void waits_init(struct waits *waits)
{
	pthread_mutex_init(&waits->lock, NULL);
	pthread_cond_init(&waits->idle, NULL);
}

void waits_release(struct waits *waits)
{
	pthread_cond_destroy(&waits->idle);
	pthread_mutex_destroy(&waits->lock);
}

static void append(struct parked **list, struct parked *parked)
{
	while (*list)
		list = &(*list)->next;
	parked->next = NULL;
	*list = parked;
}

static void end_polled(struct polled **at, bool notify)
{
	struct polled *polled = *at;

	*at = polled->next;
	if (notify)
		fuse_lowlevel_notify_poll(polled->handle);
	fuse_pollhandle_destroy(polled->handle);
	free(polled);
}

/* Tell those who poll: all of them, or who has not seen the last addition. */
static void notify(struct watch *watch, bool all)
{
	uint64_t additions = map_additions(watch->map);
	struct polled **at = &watch->polled;

	while (*at)
		if (all || (*at)->seen != additions)
			end_polled(at, true);
		else
			at = &(*at)->next;
}

static bool resume(struct parked *parked, int err)
{
	bool done = parked->resume(parked, 0);

	if (!done && !err && wait_now() >= parked->deadline)
		err = -ETIMEDOUT;
	if (!done && !err && fuse_req_interrupted(parked->call.req))
		err = -EINTR;
	if (!done && err)
		done = parked->resume(parked, err);
	if (done)
		free(parked);
	return done;
}

/*
 * Try all, each in its turn; what waits on is put back.  An interrupt in
 * between finds nothing: so it is asked for with the lock held.
 */
static void try_all(struct watch *watch, int err)
{
	struct waits *waits = watch->waits;
	struct parked *todo = watch->parked;
	struct parked *parked;

	watch->parked = NULL;
	while ((parked = todo)) {
		todo = parked->next;
		pthread_mutex_unlock(&waits->lock);
		if (resume(parked, err))
			parked = NULL;
		pthread_mutex_lock(&waits->lock);
		if (!parked)
			continue;
		if (fuse_req_interrupted(parked->call.req))
			todo = parked;
		else
			append(&watch->parked, parked);
	}
}

static uint64_t first_deadline(const struct watch *watch)
{
	uint64_t deadline = wait_until(WAIT_STEP);
	const struct parked *parked;

	for (parked = watch->parked; parked; parked = parked->next)
		if (parked->deadline < deadline)
			deadline = parked->deadline;
	return deadline;
}

static void remove_watch(struct watch *watch)
{
	struct watch **at = &watch->waits->watches;

	while (*at != watch)
		at = &(*at)->next;
	*at = watch->next;
	if (!watch->waits->watches)
		pthread_cond_signal(&watch->waits->idle);
}

static void *watch_run(void *arg)
{
	struct watch *watch = arg;
	struct waits *waits = watch->waits;
	struct fs *fs = watch->fs;
	struct map_dir *dir = watch->dir;
	uint64_t deadline;
	uint64_t seen;
	int err = 0;

	pthread_mutex_lock(&waits->lock);
	while (!waits->ending && (watch->parked || watch->polled)) {
		seen = map_additions(watch->map);
		notify(watch, err == -EPERM);
		try_all(watch, err == -EPERM ? err : 0);
		deadline = first_deadline(watch);
		pthread_mutex_unlock(&waits->lock);
		err = map_wait(watch->map, seen, deadline);
		pthread_mutex_lock(&waits->lock);
	}
	while (watch->polled)
		end_polled(&watch->polled, true);
	try_all(watch, -ENODEV);
	remove_watch(watch);
	/* Not after the lock: waits_end may be waiting for this. */
	dir_put(fs, dir);
	free(watch);
	pthread_mutex_unlock(&waits->lock);
	return NULL;
}

/* Signals are for the thread that the loop was started by. */
static int start(struct watch *watch)
{
	sigset_t all;
	sigset_t old;
	pthread_t thread;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&thread, NULL, watch_run, watch);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!err)
		pthread_detach(thread);
	return -err;
}

/* The lock is held. */
static struct watch *find(struct waits *waits, const struct map *map)
{
	struct watch *watch = waits->watches;

	while (watch && watch->map != map)
		watch = watch->next;
	return watch;
}

/* The same, and one is started if there is none. */
static int find_or_start(const struct node *node, struct watch **watchp)
{
	struct waits *waits = &node->fs->waits;
	struct watch *watch = find(waits, node->map);
	int err;

	if (waits->ending)
		return -ENODEV;
	if (!watch) {
		watch = calloc(1, sizeof(*watch));
		if (!watch)
			return -ENOMEM;
		watch->waits = waits;
		watch->fs = node->fs;
		watch->dir = node->dir;
		watch->map = node->map;
		err = start(watch);
		if (err) {
			free(watch);
			return err;
		}
		dir_ref(watch->dir);
		watch->next = waits->watches;
		waits->watches = watch;
	}
	*watchp = watch;
	return 0;
}

/* The request's end, unless it is being tried: then that is told. */
static void interrupted(fuse_req_t req, void *arg)
{
	struct waits *waits = arg;
	struct parked *parked = NULL;
	struct parked **at;
	struct watch *watch;

	pthread_mutex_lock(&waits->lock);
	for (watch = waits->watches; watch && !parked; watch = watch->next) {
		at = &watch->parked;
		while (*at && (*at)->call.req != req)
			at = &(*at)->next;
		parked = *at;
		if (parked)
			*at = parked->next;
	}
	pthread_mutex_unlock(&waits->lock);
	if (!parked)
		return;
	parked->resume(parked, -EINTR);
	free(parked);
}

int waits_park(struct parked *parked)
{
	struct waits *waits = &parked->call.fs->waits;
	struct map *map = parked->call.node.map;
	struct watch *watch;
	int err;

	fuse_req_interrupt_func(parked->call.req, interrupted, waits);
	pthread_mutex_lock(&waits->lock);
	err = fuse_req_interrupted(parked->call.req) ? -EINTR : 0;
	if (!err)
		err = find_or_start(&parked->call.node, &watch);
	if (!err) {
		append(&watch->parked, parked);
		/* So that it knows of the deadline; the map is held by it. */
		map_wait_kick(map);
	}
	pthread_mutex_unlock(&waits->lock);
	return err;
}

/* Drop the polls of a file; tell those that have not seen so many additions. */
static void forget(struct watch *watch, uint64_t fh, uint64_t seen)
{
	struct polled **at = watch ? &watch->polled : NULL;

	while (at && *at)
		if ((*at)->fh == fh)
			end_polled(at, (*at)->seen != seen);
		else
			at = &(*at)->next;
}

void waits_poll(const struct node *node, uint64_t fh, uint64_t seen,
		struct fuse_pollhandle *handle)
{
	struct waits *waits = &node->fs->waits;
	struct polled *polled;
	struct watch *watch;

	polled = malloc(sizeof(*polled));
	pthread_mutex_lock(&waits->lock);
	/*
	 * An addition that the last poll has not been told of is told now: one
	 * who waits for an edge (EPOLLET) is told by nothing else.
	 */
	forget(find(waits, node->map), fh, seen);
	if (!polled || find_or_start(node, &watch)) {
		/* Without memory: who polls looks again, for ever. */
		fuse_lowlevel_notify_poll(handle);
		fuse_pollhandle_destroy(handle);
		free(polled);
	} else {
		*polled = (struct polled){ fh, seen, handle, watch->polled };
		watch->polled = polled;
	}
	pthread_mutex_unlock(&waits->lock);
}

void waits_forget(const struct node *node, uint64_t fh)
{
	struct waits *waits = &node->fs->waits;

	pthread_mutex_lock(&waits->lock);
	forget(find(waits, node->map), fh, map_additions(node->map));
	pthread_mutex_unlock(&waits->lock);
}

void waits_end(struct waits *waits)
{
	struct watch *watch;

	pthread_mutex_lock(&waits->lock);
	waits->ending = true;
	for (watch = waits->watches; watch; watch = watch->next)
		map_wait_kick(watch->map);
	while (waits->watches)
		pthread_cond_wait(&waits->idle, &waits->lock);
	pthread_mutex_unlock(&waits->lock);
}
