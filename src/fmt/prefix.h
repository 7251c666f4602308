/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys that are prefixes, as text: ADDRESS/LENGTH, the length in bits.  An
 * address of 4 bytes is that of an IPv4 host, one of 16 bytes of an IPv6 host;
 * any other size is two hex digits a byte.  Every printed form is accepted
 * back, and on input also hex:, two hex digits a byte, for every size, and an
 * address alone for one of full length.  The bits behind the length are kept.
 */
#ifndef FMT_PREFIX_H
#define FMT_PREFIX_H

#include "fmt/text.h"
#include "fmt/word.h"

/* 'size' bytes of address.  0, -EINVAL. */
int prefix_parse_address(const struct word *word, size_t size, void *address,
			 struct fmt_error *error);
/* The length of a prefix of an address of 'size' bytes.  0, -EINVAL. */
int prefix_parse_length(const struct word *word, size_t size, uint32_t *length,
			struct fmt_error *error);
/* A key of 'size' bytes, the length's 4 among them. */
int prefix_parse(const struct word *word, size_t size, void *key,
		 struct fmt_error *error);

void prefix_print_address(struct text *text, size_t size, const void *address);
void prefix_print(struct text *text, size_t size, const void *key);

#endif
