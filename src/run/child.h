/* SPDX-License-Identifier: BSD-2-Clause */
/* The command: how it is started under the filter, and ended with. */
#ifndef RUN_CHILD_H
#define RUN_CHILD_H

#include <signal.h>
#include <sys/types.h>

/* What mapfs-run itself ends with, as env(1) does. */
enum { CHILD_FAILED = 125, CHILD_NO_EXEC = 126, CHILD_NO_COMMAND = 127 };

struct child {
	pid_t pid;
	int listener; /* seccomp's descriptor */
};

/*
 * Start argv[0] in a child under the filter, which waits before exec until it
 * is served.  All signals that child_wait passes on are blocked from here on.
 * 0 or a negative errno, which has been printed.
 */
int child_start(struct child *child, char **argv);

/*
 * Wait for its end, passing signals on and reaping its orphans, of which the
 * runner becomes the parent.  Its status as of waitpid(2).
 */
int child_wait(const struct child *child);

/* End as it ended: exit with its status, or die of its signal. */
void child_exit(int status) __attribute__((noreturn));

/*
 * The command of the first call that a child does, which is none of bpf(2)'s,
 * and what it is answered if it comes to us.
 */
#define CHILD_HELLO   (-0x6d61)
#define CHILD_WELCOME 0x6d61

#endif
