/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of mapfs-run share: the run, and one system call that a
 * target waits in while it is served.
 *
 * A target is a process or thread under the filter.  The runner holds the maps,
 * a target has descriptors of memory files: see object.h.  Nothing that a
 * target says is trusted, but it can do no more than its user could: this is a
 * stand-in for bpf(2) and no boundary of security.
 */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "run/mount.h"
#include "run/object.h"
#include "run/path.h"
#include "run/place.h"

struct memory_page;
struct tables;

/* The kernel's private errno for what a type has not got. */
#define ENOTSUPP 524

/*
 * A call that does not concern us: the kernel is to go on with it.  No errno
 * is as large.
 */
#define CALL_CONTINUE (-4096)

/* Bytes of a line of --trace. */
#define TRACE_MAX 512

struct run {
	int listener; /* seccomp's descriptor */
	bool verbose; /* tell what is refused or only seems to be done */
	bool trace;
	struct seccomp_notif_sizes sizes;
	struct place place;
	struct objects objects;
	struct path_root bpffs; /* what stands for /sys/fs/bpf */
	struct mount *mount;	/* -m, or NULL */
};

struct call {
	struct run *run;
	const struct seccomp_data *data; /* number and arguments */
	uint64_t cookie;		 /* seccomp's id of it */
	pid_t tid;			 /* who waits; a thread's */
	int give; /* descriptor to be the result, or -1; closed after */
	uint32_t give_flags;	  /* O_CLOEXEC or 0 */
	char *trace;		  /* TRACE_MAX bytes, or NULL */
	struct memory_page *page; /* see memory.h */
	struct tables *tables;	  /* see tables.h */
};

/*
 * Does the target still wait in this call?  If not, its number may by now be
 * another process's: what was read of it counts only if this is true after it
 * was read, and nothing is changed for a call before that is known.
 */
bool call_valid(const struct call *call);

/*
 * The call's result is a descriptor of its own for 'fd', which is consumed;
 * 'flags' is O_CLOEXEC or 0.  Returns 0.
 */
int call_give(struct call *call, int fd, uint32_t flags);

/*
 * The target's descriptor 'fd' becomes one of 'with', which is consumed, and
 * closes on exec as it did.  0 or a negative errno.
 */
int call_replace(struct call *call, int fd, int with);

/* Add to the line of --trace. */
void call_trace(struct call *call, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* -v: a line on standard error. */
void run_tell(const struct run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
