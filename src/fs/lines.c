/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/lines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A write of a multiple of this may be one of several: see lines.h. */
#define LINES_BLOCK 512

void lines_release(struct lines *lines)
{
	free(lines->tail);
}

static int lines_run(struct lines *lines, lines_run_t run, void *arg,
		     const char *line, size_t len)
{
	lines->number++;
	lines->err = run(arg, line, len);
	return lines->err;
}

/* A line that cannot be run. */
static int lines_fail(struct lines *lines, int err)
{
	lines->number++;
	lines->err = err;
	return err;
}

/* Keep bytes for later, or run what is kept together with them. */
static int lines_keep(struct lines *lines, const char *buf, size_t len,
		      size_t max)
{
	size_t size = lines->size ? lines->size : 256;
	char *tail;

	if (len > max || lines->len > max - len)
		return lines_fail(lines, -EFBIG);
	while (size < lines->len + len)
		size *= 2;
	if (size > lines->size) {
		tail = realloc(lines->tail, size);
		if (!tail)
			return -ENOMEM;
		lines->tail = tail;
		lines->size = size;
	}
	memcpy(lines->tail + lines->len, buf, len);
	lines->len += len;
	return 0;
}

int lines_flush(struct lines *lines, lines_run_t run, void *arg)
{
	size_t len = lines->len;

	if (lines->err || !len)
		return lines->err;
	lines->len = 0;
	return lines_run(lines, run, arg, lines->tail, len);
}

/* One line of a write, 'len' bytes and a newline or the end of the line. */
static int lines_line(struct lines *lines, lines_run_t run, void *arg,
		      const char *line, size_t len, size_t max)
{
	int err;

	if (len > max)
		return lines_fail(lines, -EFBIG);
	if (!lines->len)
		return lines_run(lines, run, arg, line, len);
	err = lines_keep(lines, line, len, max);
	return err ? err : lines_flush(lines, run, arg);
}

ssize_t lines_write(struct lines *lines, lines_run_t run, void *arg,
		    const char *buf, size_t size, uint64_t off, size_t max)
{
	const char *end = buf + size;
	const char *newline;
	const char *at;
	bool more;
	int err = lines->err;

	if (!err && lines->len && off != lines->off)
		err = lines_fail(lines, -EINVAL);
	more = lines->len || size % LINES_BLOCK == 0;
	for (at = buf; !err; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			break;
		err = lines_line(lines, run, arg, at, (size_t)(newline - at),
				 max);
		more = size % LINES_BLOCK == 0;
	}
	if (!err && at < end) {
		if (more)
			err = lines_keep(lines, at, (size_t)(end - at), max);
		else
			err = lines_line(lines, run, arg, at,
					 (size_t)(end - at), max);
	}
	lines->off = off + size;
	if (err && size % LINES_BLOCK != 0) {
		lines->err = 0;
		lines->len = 0;
	}
	return err ? err : (ssize_t)size;
}
