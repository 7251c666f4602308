/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paths as a target means them: from its own directory and root, and
 * /sys/fs/bpf and what is below it in a directory of the run's, which looks to
 * statfs(2) like the kernel's filesystem of that name.
 */
#ifndef RUN_PATH_H
#define RUN_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;

#define BPFFS_PATH "/sys/fs/bpf"

struct path_root {
	char *path; /* absolute, without symbolic links */
	bool ours;  /* made for the run: removed with all in it */
};

/* 'given' NULL: a new directory.  0 or a negative errno. */
int path_root_init(struct path_root *root, const char *given);
/* The run's end.  The path stays, for calls that are still served. */
void path_root_release(struct path_root *root);

/*
 * What the target's path at 'addr', beside its descriptor 'dirfd', is for us.
 * *redirected (may be NULL): it was below /sys/fs/bpf.  'path' is PATH_MAX
 * bytes.  0; -ENAMETOOLONG; what memory_read gives.
 */
int path_of_target(const struct call *call, int dirfd, uint64_t addr,
		   char *path, bool *redirected);

/*
 * The same of a path below /sys/fs/bpf, and CALL_CONTINUE for any other: of
 * those that come here a few begin with so many slashes that they are taken for
 * one.
 */
int path_redirected(const struct call *call, int dirfd, uint64_t addr,
		    char *path);

/* Is the open file 'link', a path below /proc, in the run's directory? */
bool path_in_root(const struct path_root *root, const char *link);

#endif
