/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/answer.h"

#include <stdlib.h>
#include <string.h>

void answer_release(struct answer *answer)
{
	free(answer->text.buf);
}

/* Has the one who read ahead gone back to 'off'? */
static void go_back(struct answer *answer, uint64_t off)
{
	if (answer->begun && off > answer->off &&
	    off - answer->off < answer->at)
		answer->at = (size_t)(off - answer->off);
}

bool answer_read(struct answer *answer, void *buf, size_t size, uint64_t off,
		 size_t *len)
{
	size_t left;

	if (!answer->text.len)
		return false;
	if (!answer->begun) {
		answer->begun = true;
		answer->off = off;
	}
	go_back(answer, off);
	/* Who starts over wants the file, as before the answer. */
	if (answer->ended && off == 0) {
		answer_settle(answer, off);
		return false;
	}
	left = answer->text.len - answer->at;
	answer->ended = !left;
	*len = size < left ? size : left;
	memcpy(buf, answer->text.buf + answer->at, *len);
	answer->at += *len;
	return true;
}

void answer_settle(struct answer *answer, uint64_t off)
{
	struct text *text = &answer->text;

	if (!text->len)
		return;
	go_back(answer, off);
	text->len -= answer->at;
	memmove(text->buf, text->buf + answer->at, text->len);
	answer->at = 0;
	answer->begun = false;
	answer->ended = false;
}
