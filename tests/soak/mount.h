/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A daemon as our child, mounted in a directory of its own, and what it has in
 * use.  Everything is gone when this process is, however it ends.
 */
#ifndef SOAK_MOUNT_H
#define SOAK_MOUNT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fault.h"

struct mount {
	const char *mapfs;  /* the program */
	const char *object; /* fault.so, or NULL: without it */
	char dir[64];
	char path[80];
	char options[64];
	char io[16]; /* what it chose */
	pid_t pid;
	int out;
	int err;
	struct fault *fault; /* shared with the daemon, if it has fault.so */
	/* Blocks of memory that the first one to end had not freed. */
	bool ended;
	uint32_t left;
};

/* Make the directory, in a mount namespace of our own where that can be had. */
int mount_init(struct mount *mount, const char *mapfs, const char *object);
void mount_release(struct mount *mount);

/*
 * False: it has ended, without leaving a mount.  'status' is how, as waitpid
 * has it, and 'said' what it said; a daemon that does not answer is killed.
 */
bool mount_start(struct mount *mount, int *status, char *said, size_t size);

/* Take it off, from those who use it as well: it ends when they are gone. */
void mount_detach(struct mount *mount);
/*
 * The daemon's end: complains if it is not a good one, or, with fault.so, if it
 * has freed less than the first one that ended, which should have been idle;
 * 'kept' blocks less are well.
 */
void mount_ended(struct mount *mount, uint32_t kept);
/* Both. */
void mount_stop(struct mount *mount);
/* SIGKILL, and take off what is left. */
void mount_kill(struct mount *mount);

/* What a daemon has. */
struct usage {
	uint32_t fds;
	uint32_t regions; /* that are mapped, of memory objects */
	uint32_t threads;
	uint64_t anonymous; /* KiB of it, and what malloc has to spare */
	uint64_t charged;   /* blocks, by statvfs(3) */
};

void mount_usage(const struct mount *mount, struct usage *usage);

/*
 * Wait until it has no more than that again; complains, naming 'when', if that
 * does not come to be.  Threads come and go by libfuse's measure and memory by
 * malloc's, which are bounds.
 */
void mount_settle(const struct mount *mount, const struct usage *before,
		  const char *when);

#endif
