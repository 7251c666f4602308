/* SPDX-License-Identifier: BSD-2-Clause */
#include "fmt/error.h"

#include <stdarg.h>
#include <stdio.h>

int fmt_fail(struct fmt_error *error, int err, const char *format, ...)
{
	va_list args;
	char *c;

	if (!error)
		return -err;
	va_start(args, format);
	vsnprintf(error->msg, sizeof(error->msg), format, args);
	va_end(args);
	for (c = error->msg; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f)
			*c = '?';
	return -err;
}
