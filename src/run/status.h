/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel tells of a thread below /proc. */
#ifndef RUN_STATUS_H
#define RUN_STATUS_H

#include <sys/types.h>

/* By whom its access to files is checked, or (uid_t)-1. */
uid_t status_fsuid(pid_t tid);

/* Without an answer it leaves nothing. */
mode_t status_umask(pid_t tid);

/* 0 or O_CLOEXEC, as it is set for its descriptor 'fd'. */
unsigned int status_close_on_exec(pid_t tid, int fd);

#endif
