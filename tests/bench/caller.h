/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process that makes calls of bpf(2) when it is told to, by whoever they are
 * answered: the kernel, mapfs-run, or one who does nothing but answer.
 */
#ifndef CALLER_H
#define CALLER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Elements of its maps, an array and a hash; a batch is all of them. */
#define CALLER_ENTRIES 1000u

enum caller_work {
	CALLER_READY, /* make the maps, nothing else */
	CALLER_LOOKUP,
	CALLER_UPDATE,
	CALLER_HASH_LOOKUP,
	CALLER_HASH_UPDATE,
	CALLER_BATCH,
	CALLER_ECHO, /* bytes, without a call */
};

struct caller {
	pid_t pid; /* 0: none */
	int orders;
	int replies;
};

/*
 * Start one: under the mapfs-run 'run', if it is not NULL; 'notify': see
 * notify.h.  0 or a negative errno; caller_end in any case.
 */
int caller_start(struct caller *caller, const char *run, bool notify);
void caller_end(struct caller *caller);

/*
 * Have it done 'count' times: 0 or a negative errno, -ECHILD if the caller is
 * gone.
 */
int caller_do(const struct caller *caller, enum caller_work work,
	      uint64_t count);

/*
 * Be one until there are no more orders.  'err': why nothing can be done, or 0.
 * Returns 0.
 */
int caller_serve(int in, int out, int err);

#endif
