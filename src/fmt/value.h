/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes as text.  1, 2, 4 and 8 bytes are an unsigned decimal in host byte
 * order; any other size is two hex digits a byte, in order of address.  Every
 * printed form is accepted back, and on input also
 *
 *	0x2a		hex, for the decimal sizes
 *	-1		two's complement, for the decimal sizes
 *	hex:2a00	two hex digits a byte, for every size
 *	"text"		for every size, padded with zero bytes; \" \\ \n \t
 *			and \xHH inside
 */
#ifndef FMT_VALUE_H
#define FMT_VALUE_H

#include "fmt/text.h"
#include "fmt/word.h"

/*
 * Parse a word into 'size' bytes.  'what' names it in the message ("key",
 * "value").  0; -EINVAL malformed or of another size; -ERANGE a number that
 * does not fit.  On failure 'bytes' is undefined.
 */
int value_parse(const struct word *word, const char *what, size_t size,
		void *bytes, struct fmt_error *error);

void value_print(struct text *text, size_t size, const void *bytes);

#endif
