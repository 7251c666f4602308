/* SPDX-License-Identifier: BSD-2-Clause */
#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
	__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* What a sanitizer costs, and what the counts are divided by. */
#define SANITIZER_FACTOR 4u

static struct {
	atomic_uint taken;
	atomic_uint told; /* the text is there */
	char text[240];
} * first;

static void too_late(int sig)
{
	static const char text[] = "not ok - the test takes too long\n";
	ssize_t res = write(STDOUT_FILENO, text, sizeof(text) - 1);

	(void)sig;
	(void)res;
	_exit(EXIT_FAILURE);
}

void harness_init(unsigned int seconds)
{
	uint64_t scale = env_u64("MAPFS_SCALE", 100);

	first = share(sizeof(*first));
	if (scale < 100)
		scale = 100;
	if (SANITIZED)
		scale *= 2 * SANITIZER_FACTOR;
	signal(SIGALRM, too_late);
	alarm((unsigned int)(seconds * scale / 100));
}

bool wanted(const char *name)
{
	const char *only = getenv("ONLY");

	return !only || strstr(name, only);
}

bool sanitized(void)
{
	return SANITIZED;
}

uint32_t scaled(uint32_t count)
{
	uint64_t n = count * env_u64("MAPFS_SCALE", 100) / 100;

	if (SANITIZED)
		n /= SANITIZER_FACTOR;
	return n ? (uint32_t)n : 1;
}

uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void sleep_us(uint64_t us)
{
	struct timespec left = {
		.tv_sec = (time_t)(us / 1000000),
		.tv_nsec = (long)(us % 1000000 * 1000),
	};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

bool wait_beyond(const _Atomic uint64_t *word, uint64_t from)
{
	uint64_t end = now_us() + PATIENCE_US;

	while (atomic_load(word) == from) {
		if (now_us() > end)
			return false;
		sleep_us(20);
	}
	return true;
}

void *share(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(EXIT_FAILURE);
	}
	return memory;
}

void unshare_memory(void *memory, size_t bytes)
{
	munmap(memory, bytes);
}

void *need(size_t bytes)
{
	void *memory = calloc(1, bytes);

	if (!memory) {
		perror("calloc");
		exit(EXIT_FAILURE);
	}
	return memory;
}

void complain(const char *format, ...)
{
	va_list args;

	if (atomic_exchange(&first->taken, 1))
		return;
	va_start(args, format);
	vsnprintf(first->text, sizeof(first->text), format, args);
	va_end(args);
	atomic_store(&first->told, 1);
}

bool complained(void)
{
	return atomic_load(&first->taken);
}

void verdict(const char *format, ...)
{
	bool ok = !complained();
	char name[200];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	if (!ok)
		tap_comment("%s", atomic_load(&first->told) ?
					  first->text :
					  "killed while complaining");
	tap_ok(ok, "%s", name);
	atomic_store(&first->told, 0);
	atomic_store(&first->taken, 0);
}

pid_t child_start(void (*run)(void *arg), void *arg)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0) {
		perror("fork");
		exit(EXIT_FAILURE);
	}
	if (pid)
		return pid;
	signal(SIGALRM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		run(arg);
	_exit(EXIT_SUCCESS);
}

static int child_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			perror("waitpid");
			exit(EXIT_FAILURE);
		}
	}
	return status;
}

void child_wait(pid_t pid)
{
	int status = child_status(pid);

	if (WIFSIGNALED(status))
		complain("a process died: %s", strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		complain("a process ended with status %d", WEXITSTATUS(status));
}

void child_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	child_status(pid);
}
