/* SPDX-License-Identifier: BSD-2-Clause */
/* The threads that receive the targets' calls and answer them. */
#ifndef RUN_SERVE_H
#define RUN_SERVE_H

struct run;

/*
 * Start them; they serve until the process ends.  0 or a negative errno.  All
 * signals must be blocked.
 */
int serve_start(struct run *run);

#endif
