/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text that is made while it is read: a sequence of records, each shown at a
 * position that its file chooses.  A reader gets every record whole, as it
 * was at one moment, however small the pieces are in which it reads; the text
 * as a whole is never held in memory.
 */
#ifndef FS_SEQ_H
#define FS_SEQ_H

#include <sys/types.h>

#include "fmt/text.h"

/*
 * Append the record at 'pos' and set *next to the position after it.  1; 0 at
 * the end; negative errno.  Position 0 is the start and means that whatever
 * was kept of an earlier pass is void.  A record that did not fit is asked
 * for again at the same position, and may have changed.
 */
typedef int (*seq_show_t)(void *arg, uint64_t pos, uint64_t *next,
			  struct text *text);

struct seq {
	uint64_t pos;	 /* of the record to be shown next */
	uint64_t off;	 /* in the text, of the next byte */
	char *rec;	 /* a record that did not fit */
	size_t rec_size; /* bytes allocated */
	size_t rec_len;
	size_t rec_at; /* bytes of it handed out */
};

/* All zero is a sequence at its start. */
void seq_release(struct seq *seq);

/*
 * Read up to 'size' bytes at 'off'.  Reading on is cheap; reading elsewhere
 * starts over and skips, as the kernel's seq_file does.
 */
ssize_t seq_read(struct seq *seq, seq_show_t show, void *arg, char *buf,
		 size_t size, uint64_t off);

#endif
