/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text into a buffer that may be too small: like snprintf, what does not fit
 * is counted but not stored, so the caller can tell and come back with more.
 */
#ifndef FMT_TEXT_H
#define FMT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *buf;
	size_t size; /* bytes at buf */
	size_t len;  /* bytes wanted so far; may exceed size */
};

static inline bool text_overflown(const struct text *text)
{
	return text->len > text->size;
}

/*
 * Make room for 'more' bytes, so that what comes next fits.  The buffer is
 * NULL or from malloc(3), and may move.  0 or -ENOMEM.
 */
int text_reserve(struct text *text, size_t more);

void text_put(struct text *text, const char *bytes, size_t len);
void text_puts(struct text *text, const char *string);
void text_putc(struct text *text, char c);
void text_printf(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Unsigned decimal. */
void text_u64(struct text *text, uint64_t number);
/* Two lower-case hex digits a byte. */
void text_hex(struct text *text, const void *bytes, size_t len);

#endif
