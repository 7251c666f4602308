/* SPDX-License-Identifier: BSD-2-Clause */
/* The Test Anything Protocol on stdout; the plan comes last. */
#ifndef MODEL_TAP_H
#define MODEL_TAP_H

#include <stdbool.h>

void tap_ok(bool ok, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void tap_comment(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The plan, and the exit status. */
int tap_done(void);
/* The plan of a program that tests nothing, for a reason. */
int tap_skip_all(const char *reason);

#endif
