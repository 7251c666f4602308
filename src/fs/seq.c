/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/seq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void seq_release(struct seq *seq)
{
	free(seq->rec);
}

static void seq_rewind(struct seq *seq)
{
	seq->pos = 0;
	seq->off = 0;
	seq->rec_len = 0;
	seq->rec_at = 0;
}

/* Take up to 'size' bytes of the record in hand, into 'buf' unless NULL. */
static size_t seq_take(struct seq *seq, char *buf, uint64_t size)
{
	size_t len = seq->rec_len - seq->rec_at;

	if (len > size)
		len = (size_t)size;
	if (buf && len)
		memcpy(buf, seq->rec + seq->rec_at, len);
	seq->rec_at += len;
	seq->off += len;
	return len;
}

/* Show the next record into seq->rec, which has room for 'need' bytes. */
static int seq_fill(struct seq *seq, seq_show_t show, void *arg, size_t need)
{
	struct text text;
	uint64_t next;
	char *rec;
	int res;

	for (;;) {
		if (need > seq->rec_size) {
			rec = realloc(seq->rec, need);
			if (!rec)
				return -ENOMEM;
			seq->rec = rec;
			seq->rec_size = need;
		}
		text = (struct text){ seq->rec, seq->rec_size, 0 };
		res = show(arg, seq->pos, &next, &text);
		if (res <= 0)
			return res;
		if (!text_overflown(&text))
			break;
		need = text.len;
	}
	seq->rec_len = text.len;
	seq->rec_at = 0;
	seq->pos = next;
	return 1;
}

/* Go to 'off' by throwing away what is before it. */
static int seq_skip(struct seq *seq, seq_show_t show, void *arg, uint64_t off)
{
	int res = 1;

	if (off < seq->off)
		seq_rewind(seq);
	while (res > 0 && off > seq->off)
		if (!seq_take(seq, NULL, off - seq->off))
			res = seq_fill(seq, show, arg, 1);
	return res;
}

ssize_t seq_read(struct seq *seq, seq_show_t show, void *arg, char *buf,
		 size_t size, uint64_t off)
{
	size_t done = 0;
	struct text text;
	uint64_t next;
	int res;

	res = seq_skip(seq, show, arg, off);
	while (res > 0 && done < size) {
		if (seq->rec_at < seq->rec_len) {
			done += seq_take(seq, buf + done, size - done);
			continue;
		}
		text = (struct text){ buf + done, size - done, 0 };
		res = show(arg, seq->pos, &next, &text);
		if (res <= 0)
			break;
		if (text_overflown(&text)) {
			res = seq_fill(seq, show, arg, text.len);
			continue;
		}
		seq->pos = next;
		seq->off += text.len;
		done += text.len;
	}
	/* An error after some text is told at the next read. */
	return res < 0 && !done ? res : (ssize_t)done;
}
