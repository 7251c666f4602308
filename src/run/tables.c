/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A copy of the descriptor costs less than its path below /proc, but threads
 * have pidfds since Linux 6.9 only, and some containers forbid pidfd_getfd(2).
 * A pidfd is of a thread and not of its number: once that has ended there is
 * ESRCH, so one that is kept cannot show another thread's descriptors.
 */
#include "run/tables.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

static void table_close(struct table *table)
{
	if (table->tid && table->pidfd >= 0)
		close(table->pidfd);
	table->tid = 0;
}

static void table_open(struct table *table, pid_t tid)
{
	table_close(table);
	table->tid = tid;
	table->pidfd = (int)syscall(SYS_pidfd_open, tid, PIDFD_THREAD);
	/* Of a process, and then it is the first thread's. */
	if (table->pidfd < 0)
		table->pidfd = (int)syscall(SYS_pidfd_open, tid, 0);
}

static int table_copy(const struct table *table, int fd)
{
	int copy;

	if (table->pidfd < 0)
		return -ENOSYS;
	copy = (int)syscall(SYS_pidfd_getfd, table->pidfd, fd, 0);
	return copy < 0 ? -errno : copy;
}

int tables_copy(struct tables *tables, pid_t tid, int fd)
{
	struct table *table = &tables->at[(unsigned int)tid % TABLES_KEPT];
	int copy = -ESRCH;

	if (table->tid == tid)
		copy = table_copy(table, fd);
	if (copy == -ESRCH) {
		table_open(table, tid);
		copy = table_copy(table, fd);
	}
	return copy;
}

int tables_stat(struct tables *tables, pid_t tid, int fd, struct stat *st)
{
	int copy = tables_copy(tables, tid, fd);
	int res;

	if (copy == -EBADF)
		return copy;
	if (copy < 0)
		return tables_stat_path(tid, fd, st);
	res = fstat(copy, st);
	close(copy);
	return res < 0 ? -EBADF : 0;
}

int tables_stat_path(pid_t tid, int fd, struct stat *st)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", tid, fd);
	return stat(path, st) < 0 ? -EBADF : 0;
}

void tables_release(struct tables *tables)
{
	unsigned int i;

	for (i = 0; i < TABLES_KEPT; i++)
		table_close(&tables->at[i]);
}
