/* SPDX-License-Identifier: BSD-2-Clause */
#include "caller.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "kernel_map.h"
#include "notify.h"

struct order {
	enum caller_work work;
	uint64_t count;
};

/* What a caller has. */
static struct {
	int array; /* descriptors, -1: not yet made */
	int hash;
	uint32_t keys[CALLER_ENTRIES];
	uint64_t values[CALLER_ENTRIES];
} own = { -1, -1, { 0 }, { 0 } };

static int fill_hash(void)
{
	union bpf_attr attr;
	uint64_t key = 0;
	int err = 0;

	kernel_map_elem(&attr, own.hash, &key, own.values);
	for (; key < CALLER_ENTRIES && !err; key++)
		err = kernel_map_call(BPF_MAP_UPDATE_ELEM, &attr);
	return err;
}

static int make_maps(void)
{
	if (own.hash >= 0)
		return 0;
	own.array = kernel_map_create(CALLER_ENTRIES, 0);
	if (own.array < 0)
		return own.array;
	own.hash = kernel_hash_create(BPF_MAP_TYPE_HASH, sizeof(uint64_t),
				      CALLER_ENTRIES);
	return own.hash < 0 ? own.hash : fill_hash();
}

static int do_array(int cmd, uint64_t count)
{
	union bpf_attr attr;
	uint64_t value = 0;
	uint32_t key = 0;
	int err = 0;

	kernel_map_elem(&attr, own.array, &key, &value);
	for (; count && !err; count--) {
		key = (uint32_t)(count % CALLER_ENTRIES);
		err = kernel_map_call(cmd, &attr);
	}
	return err;
}

static int do_hash(int cmd, uint64_t count)
{
	union bpf_attr attr;
	uint64_t value = 0;
	uint64_t key = 0;
	int err = 0;

	kernel_map_elem(&attr, own.hash, &key, &value);
	for (; count && !err; count--) {
		key = count % CALLER_ENTRIES;
		err = kernel_map_call(cmd, &attr);
	}
	return err;
}

static int do_batch(uint64_t count)
{
	int64_t done = CALLER_ENTRIES;

	for (; count && done == CALLER_ENTRIES; count--)
		done = kernel_map_lookup_batch(own.array, 0, own.keys,
					       own.values, CALLER_ENTRIES);
	return done == CALLER_ENTRIES ? 0 : done < 0 ? (int)done : -EIO;
}

static int do_echo(int in, int out, uint64_t count)
{
	char byte;

	for (; count; count--)
		if (read(in, &byte, 1) != 1 || write(out, &byte, 1) != 1)
			return -ECHILD;
	return 0;
}

static int do_work(const struct order *order)
{
	int err = make_maps();

	if (err)
		return err;
	switch (order->work) {
	case CALLER_LOOKUP:
		return do_array(BPF_MAP_LOOKUP_ELEM, order->count);
	case CALLER_UPDATE:
		return do_array(BPF_MAP_UPDATE_ELEM, order->count);
	case CALLER_HASH_LOOKUP:
		return do_hash(BPF_MAP_LOOKUP_ELEM, order->count);
	case CALLER_HASH_UPDATE:
		return do_hash(BPF_MAP_UPDATE_ELEM, order->count);
	case CALLER_BATCH:
		return do_batch(order->count);
	default:
		return 0;
	}
}

int caller_serve(int in, int out, int err)
{
	struct order order;
	int res;

	while (read(in, &order, sizeof(order)) == (ssize_t)sizeof(order)) {
		if (err)
			res = err;
		else if (order.work == CALLER_ECHO)
			res = do_echo(in, out, order.count);
		else
			res = do_work(&order);
		if (write(out, &res, sizeof(res)) != (ssize_t)sizeof(res))
			break;
	}
	return 0;
}

int caller_do(const struct caller *caller, enum caller_work work,
	      uint64_t count)
{
	const struct order order = { work, count };
	char byte = 0;
	int err;

	if (write(caller->orders, &order, sizeof(order)) !=
	    (ssize_t)sizeof(order))
		return -ECHILD;
	for (; work == CALLER_ECHO && count; count--)
		if (write(caller->orders, &byte, 1) != 1 ||
		    read(caller->replies, &byte, 1) != 1)
			return -ECHILD;
	if (read(caller->replies, &err, sizeof(err)) != (ssize_t)sizeof(err))
		return -ECHILD;
	return err;
}

static pid_t fork_caller(int in, int out, bool notify)
{
	pid_t parent = getpid();
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid < 0 ? -errno : pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	_exit(caller_serve(in, out, notify ? notify_install() : 0));
}

/* Ourselves, under 'run'. */
static pid_t spawn_caller(int in, int out, const char *run)
{
	char self[PATH_MAX] = "";
	char number[16];
	char *argv[] = { (char *)run, self, (char *)"-c", number, NULL };

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return -errno;
	snprintf(number, sizeof(number), "%d", in);
	return bench_spawn(run, argv, out, STDERR_FILENO);
}

int caller_start(struct caller *caller, const char *run, bool notify)
{
	int orders[2], replies[2];

	/* What stays open in a program is the end that it reads. */
	if (pipe(orders) < 0)
		return -errno;
	if (pipe2(replies, O_CLOEXEC) < 0) {
		close(orders[0]);
		close(orders[1]);
		return -errno;
	}
	fcntl(orders[1], F_SETFD, FD_CLOEXEC);
	caller->orders = orders[1];
	caller->replies = replies[0];
	caller->pid = run ? spawn_caller(orders[0], replies[1], run) :
			    fork_caller(orders[0], replies[1], notify);
	close(orders[0]);
	close(replies[1]);
	return caller->pid < 0 ? caller->pid : 0;
}

/* Orders need not end: a caller that was forked later has a copy. */
void caller_end(struct caller *caller)
{
	if (!caller->pid)
		return;
	if (caller->pid > 0) {
		kill(caller->pid, SIGTERM);
		waitpid(caller->pid, NULL, 0);
	}
	close(caller->orders);
	close(caller->replies);
	caller->pid = 0;
}
