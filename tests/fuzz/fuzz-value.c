/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value_parse.  The first byte of an input, modulo 64, is the size ('A' for 1,
 * 'H' for 8, '@' for 64), the rest the word.
 */
#include <errno.h>
#include <string.h>

#include "fmt/value.h"
#include "fuzz.h"

#define SIZE_MAX_HERE 64u

static void check_round_trip(size_t size, const unsigned char *bytes)
{
	unsigned char *back = malloc(size);
	char buf[2 * SIZE_MAX_HERE];
	struct text text = { buf, sizeof(buf), 0 };
	struct word word = { buf, 0 };

	value_print(&text, size, bytes);
	FUZZ_CHECK(!text_overflown(&text));
	word.len = text.len;
	FUZZ_CHECK(value_parse(&word, "value", size, back, NULL) == 0);
	FUZZ_CHECK(memcmp(bytes, back, size) == 0);
	free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fmt_error error = { "" };
	unsigned char *bytes;
	struct word word;
	size_t bytes_size;
	int err;

	if (!size)
		return 0;
	bytes_size = data[0] % SIZE_MAX_HERE;
	if (!bytes_size)
		bytes_size = SIZE_MAX_HERE;
	bytes = malloc(bytes_size);
	word.at = (const char *)data + 1;
	word.len = size - 1;
	err = value_parse(&word, "value", bytes_size, bytes, &error);
	FUZZ_CHECK(err == 0 || err == -EINVAL || err == -ERANGE);
	FUZZ_CHECK(!err == !error.msg[0]);
	if (!err)
		check_round_trip(bytes_size, bytes);
	free(bytes);
	return 0;
}
