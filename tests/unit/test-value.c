/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes as text: the printed form of every size, what is accepted besides,
 * and what is refused with which errno.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "fmt/value.h"
#include "unit.h"

#define TEXT(text) text, sizeof(text) - 1

static int parse_len(const char *text, size_t len, size_t size, void *bytes,
		     struct fmt_error *error)
{
	char *line = unit_line(text, len);
	struct word word = { line, len };
	unsigned char *exact = malloc(size);
	int err;

	error->msg[0] = '\0';
	err = value_parse(&word, "value", size, exact, error);
	if (!err)
		memcpy(bytes, exact, size);
	ck_assert_int_eq(!err, !error->msg[0]);
	free(exact);
	free(line);
	return err;
}

static int parse(const char *text, size_t size, void *bytes)
{
	struct fmt_error error;
	int err = parse_len(text, strlen(text), size, bytes, &error);

	if (err)
		unit_assert_says(&error, "value");
	return err;
}

static void print(size_t size, const void *bytes, char *buf, size_t room)
{
	struct text text = { buf, room - 1, 0 };

	value_print(&text, size, bytes);
	ck_assert(!text_overflown(&text));
	buf[text.len] = '\0';
}

static uint64_t number_of(size_t size, const void *bytes)
{
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	memcpy(&u8, bytes, 1);
	memcpy(&u16, bytes, 2);
	memcpy(&u32, bytes, 4);
	memcpy(&u64, bytes, 8);
	return size == 1 ? u8 : size == 2 ? u16 : size == 4 ? u32 : u64;
}

/* Sizes by loop number, for the four that are decimal. */
static const size_t decimal[] = { 1, 2, 4, 8 };

START_TEST(test_decimal)
{
	size_t size = decimal[_i];
	uint64_t max = UINT64_MAX >> (64 - 8 * size);
	uint64_t numbers[] = { 0,	1,	     9,	      10, 99,
			       max / 2, max / 2 + 1, max - 1, max };
	unsigned char bytes[8] = { 0 };
	char buf[64];
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		snprintf(buf, sizeof(buf), "%llu",
			 (unsigned long long)numbers[i]);
		ck_assert_int_eq(parse(buf, size, bytes), 0);
		ck_assert_uint_eq(number_of(size, bytes), numbers[i]);
		print(size, bytes, buf + 32, 32);
		buf[31] = '\0';
		ck_assert_str_eq(buf, buf + 32);
		snprintf(buf, sizeof(buf), "0x%llx",
			 (unsigned long long)numbers[i]);
		ck_assert_int_eq(parse(buf, size, bytes), 0);
		ck_assert_uint_eq(number_of(size, bytes), numbers[i]);
	}
}
END_TEST

START_TEST(test_decimal_range)
{
	static const struct {
		const char *last;
		const char *beyond;
		const char *lowest;
		const char *below;
	} at[] = {
		{ "255", "256", "-128", "-129" },
		{ "65535", "65536", "-32768", "-32769" },
		{ "4294967295", "4294967296", "-2147483648", "-2147483649" },
		{ "18446744073709551615", "18446744073709551616",
		  "-9223372036854775808", "-9223372036854775809" },
	};
	size_t size = decimal[_i];
	unsigned char bytes[8];

	ck_assert_int_eq(parse(at[_i].last, size, bytes), 0);
	ck_assert_int_eq(parse(at[_i].beyond, size, bytes), -ERANGE);
	ck_assert_int_eq(parse("99999999999999999999999999", size, bytes),
			 -ERANGE);
	ck_assert_int_eq(parse("0x10000000000000000", size, bytes), -ERANGE);
	ck_assert_int_eq(parse(at[_i].lowest, size, bytes), 0);
	ck_assert_uint_eq(number_of(size, bytes), 1ull << (8 * size - 1));
	ck_assert_int_eq(parse(at[_i].below, size, bytes), -ERANGE);
}
END_TEST

START_TEST(test_negative)
{
	size_t size = decimal[_i];
	uint64_t max = UINT64_MAX >> (64 - 8 * size);
	unsigned char bytes[8];

	ck_assert_int_eq(parse("-1", size, bytes), 0);
	ck_assert_uint_eq(number_of(size, bytes), max);
	ck_assert_int_eq(parse("-0", size, bytes), 0);
	ck_assert_uint_eq(number_of(size, bytes), 0);
	ck_assert_int_eq(parse("-0x10", size, bytes), 0);
	ck_assert_uint_eq(number_of(size, bytes), max - 15);
	ck_assert_int_eq(parse("-100", size, bytes), 0);
	ck_assert_uint_eq(number_of(size, bytes), max - 99);
}
END_TEST

START_TEST(test_decimal_refused)
{
	static const char *const bad[] = {
		"",    "-",  "--1", "+1",      "1x",  "x",   "0x",     "1.5",
		"1,2", "ff", "hex", "hexa:00", "any", "'a'", "1\"2\"",
	};
	unsigned char bytes[8];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(parse(bad[i], decimal[_i], bytes), -EINVAL);
}
END_TEST

/* Every other size: what is printed is what is parsed. */
START_TEST(test_round_trip)
{
	unsigned char bytes[300];
	unsigned char back[300];
	char buf[1024];
	size_t size;
	unsigned int salt;

	for (size = 1; size <= sizeof(bytes); size++) {
		for (salt = 0; salt < 4; salt++) {
			unit_fill(bytes, size, salt * 50);
			print(size, bytes, buf, sizeof(buf));
			ck_assert_int_eq(parse(buf, size, back), 0);
			ck_assert_mem_eq(bytes, back, size);
		}
	}
}
END_TEST

START_TEST(test_hex)
{
	static const char digits[] = "00010203aBCDefFF090a0B0c";
	static const unsigned char want[] = { 0,    1,	  2, 3,	 0xab, 0xcd,
					      0xef, 0xff, 9, 10, 11,   12 };
	unsigned char bytes[16];
	char word[64];
	size_t size;
	int n;

	for (size = 1; size <= sizeof(want); size++) {
		bool is_decimal = size == 1 || size == 2 || size == 4 ||
				  size == 8;

		/* One digit too few, right, too many, a byte too many. */
		for (n = -1; n <= 2; n++) {
			int len = (int)(2 * size) + n;

			if (len > (int)sizeof(digits) - 1)
				continue;
			snprintf(word, sizeof(word), "hex:%.*s", len, digits);
			ck_assert_int_eq(parse(word, size, bytes),
					 n ? -EINVAL : 0);
			if (!n)
				ck_assert_mem_eq(bytes, want, size);
			if (is_decimal)
				continue;
			ck_assert_int_eq(parse(word + 4, size, bytes),
					 n ? -EINVAL : 0);
			if (!n)
				ck_assert_mem_eq(bytes, want, size);
		}
	}
	ck_assert_int_eq(parse("hex:", 4, bytes), -EINVAL);
	ck_assert_int_eq(parse("hex:0g", 1, bytes), -EINVAL);
	ck_assert_int_eq(parse("HEX:00", 1, bytes), -EINVAL);
	ck_assert_int_eq(parse("00000g", 3, bytes), -EINVAL);
	ck_assert_int_eq(parse("0x0000", 3, bytes), -EINVAL);
	ck_assert_int_eq(parse("-1", 3, bytes), -EINVAL);
	ck_assert_int_eq(parse("", 3, bytes), -EINVAL);
}
END_TEST

START_TEST(test_text)
{
	static const struct {
		const char *text;
		size_t size;
		const char *bytes;
	} good[] = {
		{ "\"\"", 1, "\0" },
		{ "\"\"", 5, "\0\0\0\0\0" },
		{ "\"a\"", 1, "a" },
		{ "\"a\"", 8, "a\0\0\0\0\0\0\0" },
		{ "\"abcde\"", 5, "abcde" },
		{ "\"hex:00\"", 6, "hex:00" },
		{ "\"a b#\"", 4, "a b#" },
		{ "\"\\\"\\\\\\n\\t\"", 4, "\"\\\n\t" },
		{ "\"\\x00\\xfF\\x7g\"", 0, NULL },
		{ "\"\\x00\\xfF\\xAb\"", 3, "\0\xff\xab" },
		{ "\"\\x413\"", 2, "A3" },
		{ "\"\xc3\xa4\"", 2, "\xc3\xa4" },
		{ "\"\x01\x7f\"", 3, "\x01\x7f\0" },
	};
	unsigned char bytes[16];
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!good[i].bytes) {
			ck_assert_int_eq(parse(good[i].text, 8, bytes),
					 -EINVAL);
			continue;
		}
		memset(bytes, 0xee, sizeof(bytes));
		ck_assert_int_eq(parse(good[i].text, good[i].size, bytes), 0);
		ck_assert_mem_eq(bytes, good[i].bytes, good[i].size);
		ck_assert_uint_eq(bytes[good[i].size], 0xee);
	}
}
END_TEST

/* Words as they come from a line and words that no line would give. */
START_TEST(test_text_refused)
{
	static const struct {
		const char *text;
		size_t len;
	} bad[] = {
		{ TEXT("\"") },
		{ TEXT("\"a") },
		{ TEXT("\"a\"b") },
		{ TEXT("\"a\"b\"") },
		{ TEXT("\"\\\"") },
		{ TEXT("\"\\") },
		{ TEXT("\"\\a\"") },
		{ TEXT("\"\\0\"") },
		{ TEXT("\"\\ \"") },
		{ TEXT("\"\\x\"") },
		{ TEXT("\"\\x4\"") },
		{ TEXT("\"\\xg0\"") },
		{ TEXT("\"\\x0g\"") },
		{ TEXT("\"\\X41\"") },
		{ TEXT("\"123456789\"") },
		{ TEXT("\"12345678\\n\"") },
		{ TEXT("a\"b\"") },
	};
	struct fmt_error error;
	unsigned char bytes[16];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(
			parse_len(bad[i].text, bad[i].len, 8, bytes, &error),
			-EINVAL);
		unit_assert_says(&error, "value");
		ck_assert_int_eq(
			parse_len(bad[i].text, bad[i].len, 7, bytes, &error),
			-EINVAL);
	}
	ck_assert_int_eq(parse_len(TEXT("\"12345678\""), 8, bytes, &error), 0);
	ck_assert_int_eq(parse_len(TEXT("\"12345678\""), 7, bytes, &error),
			 -EINVAL);
	unit_assert_says(&error, "7 bytes");
}
END_TEST

/* Messages name what they are about and what would be right. */
START_TEST(test_messages)
{
	struct fmt_error error;
	unsigned char bytes[16];

	parse_len(TEXT("12z"), 4, bytes, &error);
	unit_assert_says(&error, "'12z'");
	parse_len(TEXT("300"), 1, bytes, &error);
	unit_assert_says(&error, "'300'");
	unit_assert_says(&error, "255");
	parse_len(TEXT("-129"), 1, bytes, &error);
	unit_assert_says(&error, "129");
	unit_assert_says(&error, "128");
	parse_len(TEXT("abc"), 3, bytes, &error);
	unit_assert_says(&error, "6 hex digits, not 3");
	parse_len(TEXT("hello!"), 3, bytes, &error);
	unit_assert_says(&error, "6 hex digits");
	parse_len(TEXT("\"\\q\""), 3, bytes, &error);
	unit_assert_says(&error, "\\xHH");
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "decimal");

	tcase_add_loop_test(tcase, test_decimal, 0, 4);
	tcase_add_loop_test(tcase, test_decimal_range, 0, 4);
	tcase_add_loop_test(tcase, test_negative, 0, 4);
	tcase_add_loop_test(tcase, test_decimal_refused, 0, 4);

	tcase = unit_case(suite, "other");
	tcase_add_test(tcase, test_round_trip);
	tcase_add_test(tcase, test_hex);
	tcase_add_test(tcase, test_text);
	tcase_add_test(tcase, test_text_refused);
	tcase_add_test(tcase, test_messages);
}
