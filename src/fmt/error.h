/* SPDX-License-Identifier: BSD-2-Clause */
/* The sentence that goes with an errno: what errno cannot say. */
#ifndef FMT_ERROR_H
#define FMT_ERROR_H

#include "fmt/limits.h"

struct fmt_error {
	char msg[FMT_ERROR_MAX]; /* "" for none; no newline */
};

/*
 * Set the message and return -err, for use in a return statement.  'error'
 * may be NULL.  A message that does not fit is cut; unprintable bytes of the
 * user's become '?'.
 */
int fmt_fail(struct fmt_error *error, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
