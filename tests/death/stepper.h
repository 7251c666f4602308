/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A child that is led through a function one instruction at a time, by
 * ptrace(2), so that it can be stopped or killed at every one of them.
 */
#ifndef DEATH_STEPPER_H
#define DEATH_STEPPER_H

#include "harness.h"

struct stepper {
	pid_t pid; /* 0: it has ended */
	uint64_t steps;
	struct stepper_shared *shared;
};

/* Why no child can be led here, NULL if it can. */
const char *stepper_missing(void);

void stepper_init(struct stepper *stepper);
void stepper_release(struct stepper *stepper);

/*
 * A child that calls 'run' and keeps what it returns.  It stands before the
 * first instruction of it.
 */
void stepper_start(struct stepper *stepper, int (*run)(void *arg), void *arg);
/* One instruction.  False when 'run' has returned, or it cannot go on. */
bool stepper_step(struct stepper *stepper);
/* As many as that, or up to the end. */
void stepper_walk(struct stepper *stepper, uint64_t steps);
/* Let it run to its end: what 'run' returned. */
int stepper_finish(struct stepper *stepper);
void stepper_kill(struct stepper *stepper);

#endif
