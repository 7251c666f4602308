/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line as words: separated by blanks, '#' at the start of a word begins a
 * comment, and double quotes keep blanks (and '#') inside a word.
 */
#ifndef FMT_WORD_H
#define FMT_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fmt/error.h"

struct word {
	const char *at; /* not terminated */
	size_t len;
};

/* What is left of a line: bytes of the caller, without the newline. */
struct words {
	const char *at;
	const char *end;
};

struct words words_of(const char *line, size_t len);

/*
 * The next word.  1; 0 at the end of the line; -EINVAL for a quote that is
 * not closed or a zero byte.
 */
int word_next(struct words *words, struct word *word, struct fmt_error *error);

bool word_is(const struct word *word, const char *string);

/* The value of a hex digit of either case, -1 if it is none. */
int hex_digit(char c);

/* For printf's "%.*s": a word, cut to what fits into a message. */
#define WORD_FMT       "%.*s"
#define WORD_ARG(word) ((word)->len < 40 ? (int)(word)->len : 40), (word)->at

/*
 * A number up to 'max': decimal, or hex after 0x.  0; -EINVAL no number;
 * -ERANGE too large.  'what' names it in the message.
 */
int word_u64(const struct word *word, const char *what, uint64_t max,
	     uint64_t *number, struct fmt_error *error);

#endif
