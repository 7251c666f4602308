/* SPDX-License-Identifier: BSD-2-Clause */
#include "stepper.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Instructions after which something is wrong: where an atomic operation is a
 * loop of a load and a store that must not be interrupted, it never ends.
 */
#define STEPS_MAX 1000000u

enum phase {
	PHASE_BEFORE,
	PHASE_RUNNING,
	PHASE_OVER,
};

struct stepper_shared {
	_Atomic uint64_t phase;
	_Atomic int result;
};

struct led {
	struct stepper *stepper;
	int (*run)(void *arg);
	void *arg;
};

static void led_main(void *arg)
{
	struct led *led = arg;
	struct stepper_shared *shared = led->stepper->shared;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(EXIT_FAILURE);
	raise(SIGSTOP);
	atomic_store(&shared->phase, PHASE_RUNNING);
	atomic_store(&shared->result, led->run(led->arg));
	atomic_store(&shared->phase, PHASE_OVER);
}

void stepper_init(struct stepper *s)
{
	s->shared = share(sizeof(*s->shared));
	s->pid = 0;
}

void stepper_release(struct stepper *s)
{
	if (s->pid)
		stepper_kill(s);
	unshare_memory(s->shared, sizeof(*s->shared));
}

/* Wait until it stops; false, and it is no more, if it ended instead. */
static bool stopped_by(struct stepper *s, int sig)
{
	int status;

	while (waitpid(s->pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	if (WIFSTOPPED(status) && WSTOPSIG(status) == sig)
		return true;
	if (WIFSTOPPED(status))
		complain("a process that is led got signal %s",
			 strsignal(WSTOPSIG(status)));
	else
		s->pid = 0;
	return false;
}

static bool step(struct stepper *s)
{
	return ptrace(PTRACE_SINGLESTEP, s->pid, NULL, NULL) == 0 &&
	       stopped_by(s, SIGTRAP);
}

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

const char *stepper_missing(void)
{
	struct led led;
	struct stepper s;
	bool can;

	if (sanitized())
		return "a sanitizer's instructions are too many";
	stepper_init(&s);
	led = (struct led){ &s, nothing, NULL };
	s.pid = child_start(led_main, &led);
	can = stopped_by(&s, SIGSTOP) && step(&s);
	if (s.pid)
		stepper_kill(&s);
	stepper_release(&s);
	return can ? NULL : "ptrace(2) is not permitted";
}

void stepper_start(struct stepper *s, int (*run)(void *arg), void *arg)
{
	struct led led = { s, run, arg };

	/* One that a failed test has left behind. */
	if (s->pid)
		stepper_kill(s);
	atomic_store(&s->shared->phase, PHASE_BEFORE);
	s->steps = 0;
	s->pid = child_start(led_main, &led);
	if (!stopped_by(s, SIGSTOP)) {
		complain("a process could not be led");
		return;
	}
	while (atomic_load(&s->shared->phase) == PHASE_BEFORE && step(s))
		;
}

bool stepper_step(struct stepper *s)
{
	if (!s->pid || atomic_load(&s->shared->phase) != PHASE_RUNNING ||
	    !step(s))
		return false;
	if (++s->steps > STEPS_MAX) {
		complain("an operation of more than %u instructions",
			 STEPS_MAX);
		return false;
	}
	return atomic_load(&s->shared->phase) == PHASE_RUNNING;
}

void stepper_walk(struct stepper *s, uint64_t steps)
{
	while (steps-- && stepper_step(s))
		;
}

int stepper_finish(struct stepper *s)
{
	pid_t pid = s->pid;

	s->pid = 0;
	if (!pid || ptrace(PTRACE_CONT, pid, NULL, NULL) < 0) {
		complain("a process that was led is gone");
		return -ECHILD;
	}
	child_wait(pid);
	return atomic_load(&s->shared->result);
}

void stepper_kill(struct stepper *s)
{
	child_kill(s->pid);
	s->pid = 0;
}
