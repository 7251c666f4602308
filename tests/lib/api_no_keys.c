/* SPDX-License-Identifier: BSD-2-Clause */
/* What has no keys: filters, queues and stacks. */
#include <mapfs/mapfs.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "api.h"

/* What has no keys has no batches: elements are not to be got by them. */
static void test_no_batches(struct mapfs_map *without)
{
	uint32_t keys[4] = { 0 }, count = 4;
	uint64_t values[4], token;

	is("lookup_batch",
	   mapfs_lookup_batch(without, NULL, &token, keys, values, &count),
	   -EOPNOTSUPP);
	is("lookup_and_delete_batch",
	   mapfs_lookup_and_delete_batch(without, NULL, &token, keys, values,
					 &count),
	   -EOPNOTSUPP);
	is("update_batch", mapfs_update_batch(without, keys, values, &count),
	   -EOPNOTSUPP);
	is("delete_batch", mapfs_delete_batch(without, keys, &count),
	   -EOPNOTSUPP);
	is("count", count, 4);
}

/* Maps without keys, and what they have not got. */
void test_no_keys(const char *mnt)
{
	struct mapfs_map *seen;
	uint64_t in = 5;
	uint64_t out = 6;
	char path[600];

	snprintf(path, sizeof(path), "%s/seen", mnt);
	is("create a filter",
	   mapfs_create(mnt, "seen type bloom_filter value 8 entries 100"), 0);
	seen = mapfs_open(path, O_RDWR);
	is("open it", seen ? 0 : errno, 0);
	if (!seen)
		return;
	is("push", mapfs_push(seen, &in, MAPFS_ANY), 0);
	is("push: flags", mapfs_push(seen, &out, MAPFS_NOEXIST), -EINVAL);
	is("peek", mapfs_peek(seen, &in), 0);
	is("peek: the value", (long)in, 5);
	is("peek of none", mapfs_peek(seen, &out), -ENOENT);
	is("pop", mapfs_pop(seen, &out), -EOPNOTSUPP);
	test_no_batches(seen);
	mapfs_close(seen);
	seen = mapfs_open(path, O_RDONLY);
	is("open it to read", seen ? 0 : errno, 0);
	is("peek, reading", mapfs_peek(seen, &in), 0);
	is("push, reading", mapfs_push(seen, &out, 0), -EPERM);
	mapfs_close(seen);
	mapfs_destroy(path);
}

static void *push_later(void *arg)
{
	uint64_t in = 9;

	usleep(50000);
	is("push to one who waits", mapfs_push(arg, &in, MAPFS_ANY), 0);
	return NULL;
}

static void on_alarm(int signo)
{
	(void)signo;
}

/* More than one signal, as the first can come before the wait. */
static int pop_signalled(struct mapfs_map *queue)
{
	const struct itimerval often = { { 0, 50000 }, { 0, 50000 } };
	const struct itimerval never = { 0 };
	struct sigaction action = { .sa_handler = on_alarm };
	uint64_t out;
	int err;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	err = mapfs_pop_wait(queue, &out, 20000);
	setitimer(ITIMER_REAL, &never, NULL);
	return err;
}

static void *freeze_later(void *path)
{
	char ctl[700];
	FILE *file;

	usleep(50000);
	snprintf(ctl, sizeof(ctl), "%s/ctl", (char *)path);
	file = fopen(ctl, "w");
	is("a file to freeze by", file ? 0 : errno, 0);
	if (file)
		fputs("freeze\n", file);
	if (file && fclose(file))
		is("freeze while others write", errno, EBUSY);
	return NULL;
}

/* Who waits hinders a freeze, but not by files. */
static void test_queue_frozen(struct mapfs_map *queue, char *path)
{
	struct mapfs_info of_queue = { .sz = sizeof(of_queue) };
	pthread_t thread;
	uint64_t out;
	int wait = 20000;
	int want = -EPERM;

	is("its info", mapfs_info(queue, &of_queue), 0);
	if (of_queue.io == MAPFS_IO_MEMORY) {
		wait = 200;
		want = -ETIMEDOUT;
	}
	is("a thread", pthread_create(&thread, NULL, freeze_later, path), 0);
	is("pop_wait, and a freeze", mapfs_pop_wait(queue, &out, wait), want);
	pthread_join(thread, NULL);
}

static void test_queue_waits(struct mapfs_map *queue)
{
	pthread_t thread;
	uint64_t out = 77;

	is("pop_wait of none", mapfs_pop_wait(queue, &out, 20), -ETIMEDOUT);
	is("and not a moment", mapfs_pop_wait(queue, &out, 0), -ETIMEDOUT);
	is("the value", (long)out, 77);
	is("a thread", pthread_create(&thread, NULL, push_later, queue), 0);
	is("pop_wait for it", mapfs_pop_wait(queue, &out, 20000), 0);
	is("its value", (long)out, 9);
	pthread_join(thread, NULL);
	is("pop_wait, and a signal", pop_signalled(queue), -EINTR);
}

static void test_queue_reading(const char *path)
{
	struct mapfs_map *queue = mapfs_open(path, O_RDONLY);
	uint64_t out;

	is("open it to read", queue ? 0 : errno, 0);
	is("peek, reading", mapfs_peek(queue, &out), -ENOENT);
	is("pop, reading", mapfs_pop(queue, &out), -EPERM);
	is("pop_wait, reading", mapfs_pop_wait(queue, &out, 1), -EPERM);
	mapfs_close(queue);
}

void test_queue(const char *mnt, const char *type)
{
	const bool stack = !strcmp(type, "stack");
	struct mapfs_map *queue;
	char spec[100];
	char path[600];
	uint64_t in;
	uint64_t out = 77;

	snprintf(path, sizeof(path), "%s/q", mnt);
	snprintf(spec, sizeof(spec), "q type %s value 8 entries 2", type);
	is("create", mapfs_create(mnt, spec), 0);
	queue = mapfs_open(path, O_RDWR);
	is("open it", queue ? 0 : errno, 0);
	if (!queue)
		return;
	is("pop of none", mapfs_pop(queue, &out), -ENOENT);
	is("peek of none", mapfs_peek(queue, &out), -ENOENT);
	is("the value", (long)out, 77);
	for (in = 1; in <= 2; in++)
		is("push", mapfs_push(queue, &in, MAPFS_ANY), 0);
	is("push: full", mapfs_push(queue, &in, MAPFS_ANY), -E2BIG);
	is("push: flags", mapfs_push(queue, &in, MAPFS_NOEXIST), -EINVAL);
	is("push: drop the oldest", mapfs_push(queue, &in, MAPFS_EXIST), 0);
	is("peek", mapfs_peek(queue, &out), 0);
	is("peek: the value", (long)out, stack ? 3 : 2);
	test_no_batches(queue);
	is("pop", mapfs_pop(queue, &out), 0);
	is("pop_wait", mapfs_pop_wait(queue, &out, -1), 0);
	is("pop_wait: the value", (long)out, stack ? 2 : 3);
	test_queue_waits(queue);
	test_queue_reading(path);
	test_queue_frozen(queue, path);
	mapfs_close(queue);
	mapfs_destroy(path);
}
