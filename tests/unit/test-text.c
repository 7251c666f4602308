/* SPDX-License-Identifier: BSD-2-Clause */
/* Text into a buffer of any size, and the messages of errors. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "fmt/error.h"
#include "fmt/text.h"
#include "unit.h"

/* Every kind of piece, 41 bytes. */
static void put_all(struct text *text)
{
	text_put(text, "ab\0c", 4);
	text_puts(text, "");
	text_puts(text, "hello ");
	text_putc(text, '\n');
	text_printf(text, "%d%s", -12, "xyz");
	text_u64(text, 0);
	text_u64(text, UINT64_MAX);
	text_hex(text, "\x01\xaf", 2);
}

static const char all[] = "ab\0chello \n-12xyz0"
			  "18446744073709551615"
			  "01af";

/* What fits is stored, what does not is counted. */
START_TEST(test_every_size)
{
	const size_t len = sizeof(all) - 1;
	size_t size;

	for (size = 0; size <= len + 2; size++) {
		char *buf = malloc(size ? size : 1);
		struct text text = { buf, size, 0 };

		put_all(&text);
		ck_assert_uint_eq(text.len, len);
		ck_assert_int_eq(text_overflown(&text), size < len);
		ck_assert_mem_eq(buf, all, size < len ? size : len);
		free(buf);
	}
}
END_TEST

START_TEST(test_no_buffer)
{
	struct text text = { 0 };

	ck_assert(!text_overflown(&text));
	text_put(&text, NULL, 0);
	ck_assert(!text_overflown(&text));
	put_all(&text);
	ck_assert_uint_eq(text.len, sizeof(all) - 1);
	ck_assert(text_overflown(&text));
}
END_TEST

START_TEST(test_u64)
{
	static const struct {
		uint64_t number;
		const char *digits;
	} numbers[] = {
		{ 0, "0" },
		{ 9, "9" },
		{ 10, "10" },
		{ 4294967295, "4294967295" },
		{ 10000000000000000000u, "10000000000000000000" },
		{ UINT64_MAX - 1, "18446744073709551614" },
	};
	char buf[32];
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct text text = { buf, sizeof(buf), 0 };

		text_u64(&text, numbers[i].number);
		text_putc(&text, '\0');
		ck_assert_str_eq(buf, numbers[i].digits);
	}
}
END_TEST

/* Longer than any chunk that it may be made of. */
START_TEST(test_hex)
{
	unsigned char bytes[1000];
	char buf[2001];
	char want[3];
	size_t len;
	size_t i;

	unit_fill(bytes, sizeof(bytes), 1);
	for (len = 0; len <= sizeof(bytes); len += 1 + len / 100) {
		struct text text = { buf, sizeof(buf), 0 };

		memset(buf, '!', sizeof(buf));
		text_hex(&text, bytes, len);
		ck_assert_uint_eq(text.len, 2 * len);
		for (i = 0; i < len; i++) {
			snprintf(want, sizeof(want), "%02x", bytes[i]);
			ck_assert_mem_eq(buf + 2 * i, want, 2);
		}
		ck_assert_int_eq(buf[2 * len], '!');
	}
}
END_TEST

/* One piece of printf is cut at 511 bytes, what is put is not. */
START_TEST(test_printf)
{
	char want[1024];
	char buf[1024];
	int len;

	memset(want, 'x', sizeof(want));
	for (len = 0; len <= 600; len += len < 3 || len > 505 ? 1 : 50) {
		struct text text = { buf, sizeof(buf), 0 };
		size_t fits = len < 512 ? (size_t)len : 511;

		memset(buf, '!', sizeof(buf));
		text_printf(&text, "%.*s", len, want);
		ck_assert_uint_eq(text.len, fits);
		ck_assert_mem_eq(buf, want, fits);
		ck_assert_int_eq(buf[fits], '!');
	}
}
END_TEST

START_TEST(test_fail)
{
	struct fmt_error error = { "old" };

	ck_assert_int_eq(fmt_fail(&error, ERANGE, "key: %d of %s", 5, "six"),
			 -ERANGE);
	ck_assert_str_eq(error.msg, "key: 5 of six");
	ck_assert_int_eq(fmt_fail(NULL, EINVAL, "key: %d", 5), -EINVAL);
}
END_TEST

START_TEST(test_fail_cut)
{
	struct fmt_error error;
	char text[2 * FMT_ERROR_MAX];
	size_t len;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	fmt_fail(&error, EINVAL, "%s", text);
	ck_assert_uint_eq(strlen(error.msg), FMT_ERROR_MAX - 1);
	for (len = FMT_ERROR_MAX - 2; len <= FMT_ERROR_MAX; len++) {
		fmt_fail(&error, EINVAL, "%.*s", (int)len, text);
		ck_assert_uint_eq(strlen(error.msg), len < FMT_ERROR_MAX ?
							     len :
							     FMT_ERROR_MAX - 1);
	}
}
END_TEST

/* A message is one line that a terminal takes no orders from. */
START_TEST(test_fail_unprintable)
{
	struct fmt_error error;
	char text[257];
	int c;

	for (c = 1; c < 256; c++)
		text[c - 1] = (char)c;
	text[255] = '\0';
	fmt_fail(&error, EINVAL, "%.100s", text);
	ck_assert_uint_eq(strlen(error.msg), 100);
	for (c = 1; c <= 100; c++)
		ck_assert_int_eq(error.msg[c - 1], c < ' ' ? '?' : c);
	fmt_fail(&error, EINVAL, "%s", text + 100);
	ck_assert_uint_eq(strlen(error.msg), 155);
	for (c = 101; c < 256; c++)
		ck_assert_int_eq(error.msg[c - 101], c >= 0x7f ? '?' : c);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "text");

	tcase_add_test(tcase, test_every_size);
	tcase_add_test(tcase, test_no_buffer);
	tcase_add_test(tcase, test_u64);
	tcase_add_test(tcase, test_hex);
	tcase_add_test(tcase, test_printf);

	tcase = unit_case(suite, "error");
	tcase_add_test(tcase, test_fail);
	tcase_add_test(tcase, test_fail_cut);
	tcase_add_test(tcase, test_fail_unprintable);
}
