/* SPDX-License-Identifier: BSD-2-Clause */
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned int tests;
static unsigned int failed;

/* Flushed at once: what a crash leaves behind is all there is. */
static void put_line(const char *start, const char *format, va_list args)
{
	fputs(start, stdout);
	vprintf(format, args);
	putchar('\n');
	fflush(stdout);
}

void tap_ok(bool ok, const char *format, ...)
{
	char start[32];
	va_list args;

	tests++;
	failed += !ok;
	snprintf(start, sizeof(start), "%s %u - ", ok ? "ok" : "not ok", tests);
	va_start(args, format);
	put_line(start, format, args);
	va_end(args);
}

void tap_comment(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_line("# ", format, args);
	va_end(args);
}

int tap_done(void)
{
	printf("1..%u\n", tests);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int tap_skip_all(const char *reason)
{
	printf("1..0 # SKIP %s\n", reason);
	return EXIT_SUCCESS;
}
