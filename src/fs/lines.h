/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes of any size into lines.  A line is run when its newline arrives, so
 * that its error is the write's error.
 *
 * What follows the last newline of a write is a complete line as well, as
 * `printf x > file` expects, unless it may be a piece of a longer one: when
 * the write continues an unfinished line, or its size is a multiple of 512,
 * as the blocks of cat, cp, dd and stdio are.  Then it waits for the next
 * write, or for the file to be closed.
 */
#ifndef FS_LINES_H
#define FS_LINES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Run one line, without its newline.  0 or negative errno. */
typedef int (*lines_run_t)(void *arg, const char *line, size_t len);

struct lines {
	char *tail; /* the unfinished line */
	size_t len;
	size_t size;	 /* bytes allocated */
	uint64_t off;	 /* where the tail goes on */
	uint64_t number; /* lines run, the failed one included */
	int err;	 /* of the line that failed, for later writes */
};

/* All zero is a file nothing was written to. */
void lines_release(struct lines *lines);

/*
 * 'size' when all lines were run.  The error of the first that failed: those
 * before it stay done.  If the write may be a piece of something longer, every
 * later write and flush of this open file gets the same error; else the next
 * one is a new beginning, as of a shell that gives one command after the other.
 * -EINVAL when an unfinished line is not continued where it
 * ended; -EFBIG for a line longer than 'max' bytes; -ENOMEM.
 */
ssize_t lines_write(struct lines *lines, lines_run_t run, void *arg,
		    const char *buf, size_t size, uint64_t off, size_t max);

/* Run the unfinished line, if there is one. */
int lines_flush(struct lines *lines, lines_run_t run, void *arg);

#endif
