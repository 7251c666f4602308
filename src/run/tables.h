/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is behind descriptors of targets.  A thread's descriptors need not be
 * its process's, so they are asked for by thread.
 */
#ifndef RUN_TABLES_H
#define RUN_TABLES_H

#include <sys/stat.h>
#include <sys/types.h>

#define TABLES_KEPT 16

/* A thread and its table of descriptors. */
struct table {
	pid_t tid; /* 0: none */
	int pidfd; /* -1: not to be had */
};

/* Those of the last threads, zero at first.  Not thread-safe. */
struct tables {
	struct table at[TABLES_KEPT];
};

void tables_release(struct tables *tables);

/*
 * stat(2) of descriptor 'fd' of the thread: 0 or -EBADF.  Closes what it is of
 * once more: for what is a map's, or should be.
 */
int tables_stat(struct tables *tables, pid_t tid, int fd, struct stat *st);

/* The descriptor as one of ours, close-on-exec; or a negative errno. */
int tables_copy(struct tables *tables, pid_t tid, int fd);

/* The same as tables_stat, slower, and of anything. */
int tables_stat_path(pid_t tid, int fd, struct stat *st);

#endif
