/* SPDX-License-Identifier: BSD-2-Clause */
/* The seccomp filter: which system calls of the targets come to the runner. */
#ifndef RUN_FILTER_H
#define RUN_FILTER_H

/*
 * Put this thread, and what it will start, under the filter.  The listener's
 * descriptor, or a negative errno.  It cannot be undone.
 */
int filter_install(void);

#endif
