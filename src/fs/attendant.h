/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process beside the daemon that keeps the privileges of the one who mounts,
 * for what cannot be done without them: to see that the mount answers, which
 * takes a walk to it, and to take it away in the end, which takes root or
 * fusermount3.  It does these things to one path, is started before there
 * are maps or threads, and reads nothing but single letters from the daemon.
 * It ends with the daemon.
 */
#ifndef FS_ATTENDANT_H
#define FS_ATTENDANT_H

#include <stdbool.h>
#include <sys/types.h>

struct attendant {
	pid_t pid;
	int fd; /* of a socket to it, -1: there is none */
};

/*
 * Start it for the mount at 'where'; 'ready' is a descriptor that it has no use
 * for, or -1.  0 or an errno.
 */
int attendant_start(struct attendant *attendant, const char *where, int ready);
/* Does the mount answer?  Waits until it does or has ended. */
bool attendant_answers(struct attendant *attendant);
/* Take the mount away, whoever uses it. */
void attendant_unmount(struct attendant *attendant);
/* The same, and every request ends with an error: only root can do that. */
void attendant_abort(struct attendant *attendant);
/* It ends. */
void attendant_end(struct attendant *attendant);

/* What the attendant does to take a mount away; for a process with the right.
 */
void attendant_take_away(const char *where);

#endif
