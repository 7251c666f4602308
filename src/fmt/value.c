/* SPDX-License-Identifier: BSD-2-Clause */
#include "fmt/value.h"

#include <errno.h>
#include <string.h>

static bool is_decimal_size(size_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

/* The low 'size' bytes of a number, in host byte order. */
static void number_store(uint64_t number, size_t size, void *bytes)
{
	uint8_t u8 = (uint8_t)number;
	uint16_t u16 = (uint16_t)number;
	uint32_t u32 = (uint32_t)number;

	switch (size) {
	case 1:
		memcpy(bytes, &u8, 1);
		break;
	case 2:
		memcpy(bytes, &u16, 2);
		break;
	case 4:
		memcpy(bytes, &u32, 4);
		break;
	default:
		memcpy(bytes, &number, 8);
	}
}

static uint64_t number_load(size_t size, const void *bytes)
{
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (size) {
	case 1:
		return *(const uint8_t *)bytes;
	case 2:
		memcpy(&u16, bytes, 2);
		return u16;
	case 4:
		memcpy(&u32, bytes, 4);
		return u32;
	default:
		memcpy(&u64, bytes, 8);
		return u64;
	}
}

static int number_parse(const struct word *word, const char *what, size_t size,
			void *bytes, struct fmt_error *error)
{
	const uint64_t max = UINT64_MAX >> (64 - 8 * size);
	struct word digits = *word;
	bool negative = word->at[0] == '-';
	uint64_t number;
	int err;

	if (negative) {
		digits.at++;
		digits.len--;
	}
	err = word_u64(&digits, what, negative ? max / 2 + 1 : max, &number,
		       error);
	if (err)
		return err;
	number_store(negative ? -number : number, size, bytes);
	return 0;
}

static int hex_parse(const char *at, size_t len, const char *what, size_t size,
		     void *bytes, struct fmt_error *error)
{
	unsigned char *byte = bytes;
	size_t i;

	for (i = 0; i < len; i++)
		if (hex_digit(at[i]) < 0)
			return fmt_fail(error, EINVAL,
					"%s: %zu bytes are %zu hex digits or "
					"\"text\" in quotes",
					what, size, 2 * size);
	if (len != 2 * size)
		return fmt_fail(error, EINVAL,
				"%s: %zu bytes are %zu hex digits, not %zu",
				what, size, 2 * size, len);
	for (i = 0; i < size; i++)
		byte[i] = (unsigned char)(hex_digit(at[2 * i]) << 4 |
					  hex_digit(at[2 * i + 1]));
	return 0;
}

/* One character of quoted text, escapes undone; advances *at.  -1: no. */
static int text_char(const char **at, const char *end)
{
	int high;
	int low;
	char c = *(*at)++;

	if (c != '\\')
		return (unsigned char)c;
	if (*at == end)
		return -1;
	c = *(*at)++;
	switch (c) {
	case '"':
	case '\\':
		return c;
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'x':
		if (end - *at < 2)
			return -1;
		high = hex_digit((*at)[0]);
		low = hex_digit((*at)[1]);
		*at += 2;
		return high < 0 || low < 0 ? -1 : high << 4 | low;
	default:
		return -1;
	}
}

static int text_parse(const struct word *word, const char *what, size_t size,
		      void *bytes, struct fmt_error *error)
{
	const char *at = word->at + 1;
	const char *end = word->at + word->len - 1;
	unsigned char *byte = bytes;
	size_t len = 0;
	int c;

	if (word->len < 2 || *end != '"')
		return fmt_fail(error, EINVAL,
				"%s: text ends where its quote does", what);
	memset(bytes, 0, size);
	while (at < end) {
		if (*at == '"')
			return fmt_fail(error, EINVAL,
					"%s: a quote inside text is \\\"",
					what);
		c = text_char(&at, end);
		if (c < 0)
			return fmt_fail(error, EINVAL,
					"%s: the escapes are \\\" \\\\ \\n \\t "
					"and \\xHH",
					what);
		if (len == size)
			return fmt_fail(error, EINVAL,
					"%s: the text is longer than %zu bytes",
					what, size);
		byte[len++] = (unsigned char)c;
	}
	return 0;
}

int value_parse(const struct word *word, const char *what, size_t size,
		void *bytes, struct fmt_error *error)
{
	if (!word->len)
		return fmt_fail(error, EINVAL, "%s: missing", what);
	if (word->at[0] == '"')
		return text_parse(word, what, size, bytes, error);
	if (word->len >= 4 && memcmp(word->at, "hex:", 4) == 0)
		return hex_parse(word->at + 4, word->len - 4, what, size, bytes,
				 error);
	if (is_decimal_size(size))
		return number_parse(word, what, size, bytes, error);
	return hex_parse(word->at, word->len, what, size, bytes, error);
}

void value_print(struct text *text, size_t size, const void *bytes)
{
	if (is_decimal_size(size))
		text_u64(text, number_load(size, bytes));
	else
		text_hex(text, bytes, size);
}
