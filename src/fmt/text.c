/* SPDX-License-Identifier: BSD-2-Clause */
#include "fmt/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int text_reserve(struct text *text, size_t more)
{
	char *buf;

	if (text->len <= text->size && more <= text->size - text->len)
		return 0;
	buf = realloc(text->buf, text->len + more);
	if (!buf)
		return -ENOMEM;
	text->buf = buf;
	text->size = text->len + more;
	return 0;
}

void text_put(struct text *text, const char *bytes, size_t len)
{
	size_t room = text_overflown(text) ? 0 : text->size - text->len;

	if (len && room)
		memcpy(text->buf + text->len, bytes, len < room ? len : room);
	text->len += len;
}

void text_puts(struct text *text, const char *string)
{
	text_put(text, string, strlen(string));
}

void text_putc(struct text *text, char c)
{
	text_put(text, &c, 1);
}

void text_printf(struct text *text, const char *format, ...)
{
	char line[512];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (len > 0)
		text_put(text, line,
			 (size_t)len < sizeof(line) ? (size_t)len :
						      sizeof(line) - 1);
}

void text_u64(struct text *text, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	text_put(text, digits + at, sizeof(digits) - at);
}

void text_hex(struct text *text, const void *bytes, size_t len)
{
	static const char digit[] = "0123456789abcdef";
	const unsigned char *byte = bytes;
	char out[256];
	size_t n;

	while (len) {
		for (n = 0; n < sizeof(out) && len; byte++, len--) {
			out[n++] = digit[*byte >> 4];
			out[n++] = digit[*byte & 15];
		}
		text_put(text, out, n);
	}
}
