/* SPDX-License-Identifier: BSD-2-Clause */
#include "fmt/prefix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/* The length's bytes, before the address. */
#define LENGTH_BYTES sizeof(uint32_t)

/* The family of an address that has a form of its own, 0 for hex. */
static int family_of(size_t size)
{
	return size == 4 ? AF_INET : size == 16 ? AF_INET6 : 0;
}

static int fail(const struct word *word, const char *what,
		struct fmt_error *error)
{
	return fmt_fail(error, EINVAL, "key: '" WORD_FMT "' is not %s",
			WORD_ARG(word), what);
}

static int host_parse(const struct word *word, int family, void *address,
		      struct fmt_error *error)
{
	char text[INET6_ADDRSTRLEN];

	if (word->len < sizeof(text)) {
		memcpy(text, word->at, word->len);
		text[word->len] = '\0';
		if (inet_pton(family, text, address) == 1)
			return 0;
	}
	return fail(word,
		    family == AF_INET ? "an IPv4 address" : "an IPv6 address",
		    error);
}

static int hex_parse(const struct word *word, size_t size, void *address,
		     struct fmt_error *error)
{
	unsigned char *byte = address;
	size_t i;

	if (word->len != 2 * size)
		return fmt_fail(error, EINVAL,
				"key: an address is %zu hex digits, not %zu "
				"characters",
				2 * size, word->len);
	for (i = 0; i < size; i++) {
		int high = hex_digit(word->at[2 * i]);
		int low = hex_digit(word->at[2 * i + 1]);

		if (high < 0 || low < 0)
			return fail(word, "hex digits", error);
		byte[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

int prefix_parse_address(const struct word *word, size_t size, void *address,
			 struct fmt_error *error)
{
	static const char hex[] = "hex:";
	struct word digits = *word;

	if (word->len >= sizeof(hex) - 1 &&
	    memcmp(word->at, hex, sizeof(hex) - 1) == 0) {
		digits.at += sizeof(hex) - 1;
		digits.len -= sizeof(hex) - 1;
	} else if (family_of(size)) {
		return host_parse(word, family_of(size), address, error);
	}
	return hex_parse(&digits, size, address, error);
}

int prefix_parse_length(const struct word *word, size_t size, uint32_t *length,
			struct fmt_error *error)
{
	uint64_t number;
	int err =
		word_u64(word, "key: prefix length", 8 * size, &number, error);

	/* bpf(2) says so of a prefix that is longer than its address. */
	if (err)
		return -EINVAL;
	*length = (uint32_t)number;
	return 0;
}

int prefix_parse(const struct word *word, size_t size, void *key,
		 struct fmt_error *error)
{
	const char *slash = memchr(word->at, '/', word->len);
	uint32_t length = (uint32_t)(8 * (size - LENGTH_BYTES));
	struct word address = *word;
	struct word digits;
	int err;

	if (slash) {
		address.len = (size_t)(slash - word->at);
		digits.at = slash + 1;
		digits.len = word->len - address.len - 1;
		err = prefix_parse_length(&digits, size - LENGTH_BYTES, &length,
					  error);
		if (err)
			return err;
	}
	memcpy(key, &length, LENGTH_BYTES);
	return prefix_parse_address(&address, size - LENGTH_BYTES,
				    (char *)key + LENGTH_BYTES, error);
}

void prefix_print_address(struct text *text, size_t size, const void *address)
{
	char host[INET6_ADDRSTRLEN];

	if (family_of(size) &&
	    inet_ntop(family_of(size), address, host, sizeof(host)))
		text_puts(text, host);
	else
		text_hex(text, address, size);
}

void prefix_print(struct text *text, size_t size, const void *key)
{
	uint32_t length;

	memcpy(&length, key, LENGTH_BYTES);
	prefix_print_address(text, size - LENGTH_BYTES,
			     (const char *)key + LENGTH_BYTES);
	text_putc(text, '/');
	text_u64(text, length);
}
