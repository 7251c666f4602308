/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose descriptor it is: of a thread with a table of its own, of a process
 * with the number of one that has ended, and of a thread that becomes its
 * process by exec.
 */
#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

#define CHILDREN 100

/* A map with this at 0; kept by exec. */
static int map_with(uint64_t value)
{
	int fd = new_map(BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
	uint32_t key = 0;
	int kept = dup(fd);

	close(fd);
	element(BPF_MAP_UPDATE_ELEM, kept, &key, &value, 0);
	return kept;
}

long value_at(int fd)
{
	uint64_t value = 0;
	uint32_t key = 0;
	int err = element(BPF_MAP_LOOKUP_ELEM, fd, &key, &value, 0);

	return err ? err : (long)value;
}

struct other {
	int fd; /* what others see at it */
	int map;
	long value;
};

static void *look_alone(void *arg)
{
	struct other *other = arg;

	other->value = value_at(other->fd);
	if (unshare(CLONE_FILES) < 0 || dup2(other->map, other->fd) < 0)
		return NULL;
	other->value = 10 * other->value + value_at(other->fd);
	return NULL;
}

static void check_threads(int one, int two)
{
	struct other other = { .fd = one, .map = two };
	pthread_t thread;

	pthread_create(&thread, NULL, look_alone, &other);
	pthread_join(thread, NULL);
	is("a thread's table, shared and its own", other.value, 12);
	is("the others' is as it was", value_at(one), 1);
}

/* A child with the number 'pid', 0: any. */
static pid_t fork_as(pid_t pid)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	if (pid) {
		args.set_tid = ptr(&pid);
		args.set_tid_size = 1;
	}
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* What a child finds at 'fd' when it has put 'map' there. */
static long value_of_child(int fd, int map, pid_t *pid)
{
	int status = 0;

	*pid = fork_as(*pid);
	if (*pid == 0)
		_exit(dup2(map, fd) == fd ? (int)value_at(fd) : 100);
	if (*pid < 0 || waitpid(*pid, &status, 0) != *pid)
		return -errno;
	return WEXITSTATUS(status);
}

/* Each sees its own, whoever was looked at before. */
static void check_processes(int one, int two)
{
	int right = 0;
	int i;

	for (i = 0; i < CHILDREN; i++) {
		pid_t pid = 0;

		right += value_at(one) == 1 &&
			 value_of_child(one, two, &pid) == 2;
	}
	is("processes in turn", right, CHILDREN);
}

static void check_same_number(int one, int two)
{
	pid_t pid = 0;
	long first = value_of_child(one, one, &pid);
	long second = value_of_child(one, two, &pid);

	/* That is for root alone, and another may have it by now. */
	if (second == -EPERM || second == -ENOSYS || second == -EEXIST) {
		printf("ok - the number of one that has ended # SKIP %s\n",
		       strerror((int)-second));
		return;
	}
	is("the number of one that has ended", 10 * first + second, 12);
}

struct image {
	char *self;
	char fd[16];
};

static void *become(void *arg)
{
	struct image *image = arg;

	execl(image->self, image->self, image->fd, (char *)NULL);
	return NULL;
}

static void check_exec_of_thread(char *self, int one, int two)
{
	struct image image = { .self = self };
	pthread_t thread;
	int status = 0;
	pid_t pid;

	snprintf(image.fd, sizeof(image.fd), "%d", one);
	pid = fork();
	if (pid == 0) {
		if (value_at(one) != 1 || dup2(two, one) < 0)
			_exit(100);
		pthread_create(&thread, NULL, become, &image);
		pthread_join(thread, NULL);
		_exit(101);
	}
	waitpid(pid, &status, 0);
	is("a thread that executes", WEXITSTATUS(status), 2);
}

void check_numbers(char *self)
{
	int one = map_with(1);
	int two = map_with(2);

	check_threads(one, two);
	check_processes(one, two);
	check_same_number(one, two);
	check_exec_of_thread(self, one, two);
	close(one);
	close(two);
}
