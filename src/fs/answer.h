/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the commands written to an open file have answered: the next read gives
 * it, whatever its offset, and the read after the last byte gives none.
 */
#ifndef FS_ANSWER_H
#define FS_ANSWER_H

#include "fmt/text.h"

struct answer {
	struct text text; /* buffer from malloc(3) */
	size_t at;	  /* bytes of it handed out */
	uint64_t off;	  /* where in the file that began */
	bool begun;
	bool ended; /* its end was read too */
};

/* All zero is no answer. */
void answer_release(struct answer *answer);

/*
 * False when there is none.  Else *len bytes were put into 'buf'; a reader
 * that has read ahead, as shells do, may go back by lseek(2) to what it has
 * not used.
 */
bool answer_read(struct answer *answer, void *buf, size_t size, uint64_t off,
		 size_t *len);

/* A write at 'off' begins: what was read by then goes. */
void answer_settle(struct answer *answer, uint64_t off);

#endif
