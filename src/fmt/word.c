/* SPDX-License-Identifier: BSD-2-Clause */
#include "fmt/word.h"

#include <errno.h>
#include <string.h>

struct words words_of(const char *line, size_t len)
{
	struct words words = { line, line + len };

	return words;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

int word_next(struct words *words, struct word *word, struct fmt_error *error)
{
	const char *at = words->at;
	bool quoted = false;

	while (at < words->end && is_blank(*at))
		at++;
	if (at == words->end || *at == '#') {
		words->at = words->end;
		return 0;
	}
	word->at = at;
	for (; at < words->end && (quoted || !is_blank(*at)); at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (*at == '\\' && quoted && at + 1 < words->end)
			at++;
		if (*at == '\0')
			return fmt_fail(error, EINVAL, "a zero byte in text");
	}
	if (quoted)
		return fmt_fail(error, EINVAL, "a quote is not closed");
	word->len = (size_t)(at - word->at);
	words->at = at;
	return 1;
}

bool word_is(const struct word *word, const char *string)
{
	return strlen(string) == word->len &&
	       memcmp(word->at, string, word->len) == 0;
}

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int word_u64(const struct word *word, const char *what, uint64_t max,
	     uint64_t *number, struct fmt_error *error)
{
	const char *at = word->at;
	const char *end = word->at + word->len;
	uint64_t value = 0;
	int base = 10;

	if (word->len > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
		base = 16;
		at += 2;
	}
	if (at == end)
		return fmt_fail(error, EINVAL, "%s: a number is missing", what);
	for (; at < end; at++) {
		int digit = hex_digit(*at);

		if (digit < 0 || digit >= base)
			return fmt_fail(error, EINVAL,
					"%s: '" WORD_FMT "' is no number", what,
					WORD_ARG(word));
		if ((uint64_t)digit > max ||
		    value > (max - (uint64_t)digit) / (uint64_t)base)
			return fmt_fail(error, ERANGE,
					"%s: '" WORD_FMT "' is above %llu",
					what, WORD_ARG(word),
					(unsigned long long)max);
		value = value * (uint64_t)base + (uint64_t)digit;
	}
	*number = value;
	return 0;
}
