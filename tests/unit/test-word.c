/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines as words: blanks, comments, quotes, and words as numbers. */
#include <errno.h>
#include <stdlib.h>

#include "fmt/word.h"
#include "unit.h"

#define LINE(text) text, sizeof(text) - 1

/* The words of a line joined by '|', or the error behind them. */
static void split(const char *text, size_t len, char *joined)
{
	char *line = unit_line(text, len);
	struct words words = words_of(line, len);
	struct fmt_error error = { "" };
	struct word word;
	int res;

	*joined = '\0';
	while ((res = word_next(&words, &word, &error)) > 0) {
		ck_assert_int_eq(res, 1);
		ck_assert_uint_gt(word.len, 0);
		ck_assert(word.at >= line && word.at + word.len <= line + len);
		strncat(joined, word.at, word.len);
		strcat(joined, "|");
	}
	if (res < 0) {
		ck_assert_int_eq(res, -EINVAL);
		strcat(joined, error.msg);
	} else {
		/* The end stays the end. */
		ck_assert_int_eq(word_next(&words, &word, &error), 0);
		ck_assert_str_eq(error.msg, "");
	}
	free(line);
}

START_TEST(test_words)
{
	static const struct {
		const char *line;
		size_t len;
		const char *words;
	} lines[] = {
		{ LINE(""), "" },
		{ LINE(" \t\r "), "" },
		{ LINE("a"), "a|" },
		{ LINE("one two"), "one|two|" },
		{ LINE("  one \t two\r"), "one|two|" },
		{ LINE("a\x01"
		       "b \x7f \xc3\xa4"),
		  "a\x01"
		  "b|\x7f|\xc3\xa4|" },
		/* Comments start with a word, not within one. */
		{ LINE("#"), "" },
		{ LINE("# a b"), "" },
		{ LINE("a #b c"), "a|" },
		{ LINE("a#b c"), "a#b|c|" },
		{ LINE("a # \0 \" "), "a|" },
		/* Quotes keep blanks; they stay in the word. */
		{ LINE("\"\""), "\"\"|" },
		{ LINE("\"a b\" c"), "\"a b\"|c|" },
		{ LINE("\"# a\""), "\"# a\"|" },
		{ LINE("a\"b c\"d e"), "a\"b c\"d|e|" },
		{ LINE("\"a\"\"b c\""), "\"a\"\"b c\"|" },
		{ LINE("\"a\\\" b\" c"), "\"a\\\" b\"|c|" },
		{ LINE("\"a\\\\\" b"), "\"a\\\\\"|b|" },
		{ LINE("a\\ b"), "a\\|b|" },
		{ LINE("a\\\"b c\""), "a\\\"b c\"|" },
	};
	char joined[256];
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		split(lines[i].line, lines[i].len, joined);
		ck_assert_str_eq(joined, lines[i].words);
	}
}
END_TEST

START_TEST(test_refused)
{
	static const char quote[] = "a quote is not closed";
	static const char zero[] = "a zero byte in text";
	static const struct {
		const char *line;
		size_t len;
		const char *why;
	} lines[] = {
		{ LINE("\""), quote },	      { LINE("\"a b"), quote },
		{ LINE("a\"b c"), quote },    { LINE("\"a\\\""), quote },
		{ LINE("\"a\\"), quote },     { LINE("\"a\" \"b"), quote },
		{ LINE("\0"), zero },	      { LINE("a\0b"), zero },
		{ LINE("a \0"), zero },	      { LINE("\"a\0b\""), zero },
		{ LINE("\"a\\\0b\""), zero },
	};
	char joined[256];
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		split(lines[i].line, lines[i].len, joined);
		ck_assert_msg(strstr(joined, lines[i].why), "line %zu: '%s'", i,
			      joined);
	}
}
END_TEST

START_TEST(test_word_is)
{
	struct word word = { "key", 3 };

	ck_assert(word_is(&word, "key"));
	ck_assert(!word_is(&word, "ke"));
	ck_assert(!word_is(&word, "keys"));
	ck_assert(!word_is(&word, "Key"));
	ck_assert(!word_is(&word, ""));
	word.len = 0;
	ck_assert(word_is(&word, ""));
	ck_assert(!word_is(&word, "key"));
}
END_TEST

START_TEST(test_hex_digit)
{
	static const char digits[] = "0123456789abcdef";
	int c;

	for (c = -128; c < 128; c++) {
		const char *at = c ? strchr(digits, c | 0x20) : NULL;

		if (c >= '0' && c <= '9')
			at = strchr(digits, c);
		else if (!((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
			at = NULL;
		ck_assert_int_eq(hex_digit((char)c),
				 at ? (int)(at - digits) : -1);
	}
}
END_TEST

static int parse(const char *text, uint64_t max, uint64_t *number,
		 struct fmt_error *error)
{
	size_t len = strlen(text);
	char *line = unit_line(text, len);
	struct word word = { line, len };
	int err;

	error->msg[0] = '\0';
	err = word_u64(&word, "entries", max, number, error);
	free(line);
	return err;
}

START_TEST(test_numbers)
{
	static const struct {
		const char *text;
		uint64_t number;
	} good[] = {
		{ "0", 0 },
		{ "7", 7 },
		{ "007", 7 },
		{ "4294967295", UINT32_MAX },
		{ "18446744073709551615", UINT64_MAX },
		{ "00000000000000000000000000000000001", 1 },
		{ "0x0", 0 },
		{ "0xf", 15 },
		{ "0XfF", 255 },
		{ "0x00010", 16 },
		{ "0xffffffffffffffff", UINT64_MAX },
	};
	struct fmt_error error;
	uint64_t number;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		number = 77;
		ck_assert_int_eq(
			parse(good[i].text, UINT64_MAX, &number, &error), 0);
		ck_assert_uint_eq(number, good[i].number);
		/* At its own value is in, one less is out. */
		ck_assert_int_eq(
			parse(good[i].text, good[i].number, &number, &error),
			0);
		if (!good[i].number)
			continue;
		number = 77;
		ck_assert_int_eq(parse(good[i].text, good[i].number - 1,
				       &number, &error),
				 -ERANGE);
		unit_assert_says(&error, "entries");
		unit_assert_says(&error, good[i].text);
		ck_assert_uint_eq(number, 77);
	}
}
END_TEST

START_TEST(test_numbers_refused)
{
	static const struct {
		const char *text;
		int err;
	} bad[] = {
		{ "", -EINVAL },
		{ "x", -EINVAL },
		{ "0x", -EINVAL },
		{ "0xg", -EINVAL },
		{ "x1", -EINVAL },
		{ "1x", -EINVAL },
		{ "a", -EINVAL },
		{ "-1", -EINVAL },
		{ "+1", -EINVAL },
		{ "1 ", -EINVAL },
		{ "1.0", -EINVAL },
		{ "1e3", -EINVAL },
		{ "0x-1", -EINVAL },
		{ "0x0x1", -EINVAL },
		{ "18446744073709551616", -ERANGE },
		{ "99999999999999999999999999", -ERANGE },
		{ "0x10000000000000000", -ERANGE },
	};
	struct fmt_error error;
	uint64_t number = 77;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(
			parse(bad[i].text, UINT64_MAX, &number, &error),
			bad[i].err);
		unit_assert_says(&error, "entries");
		unit_assert_says(&error, bad[i].text);
		ck_assert_uint_eq(number, 77);
	}
	ck_assert_int_eq(parse("1", 0, &number, &error), -ERANGE);
	ck_assert_int_eq(parse("0", 0, &number, &error), 0);
	ck_assert_int_eq(parse("9", 8, &number, &error), -ERANGE);
	ck_assert_int_eq(parse("8", 8, &number, &error), 0);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "word");

	tcase_add_test(tcase, test_words);
	tcase_add_test(tcase, test_refused);
	tcase_add_test(tcase, test_word_is);
	tcase_add_test(tcase, test_hex_digit);
	tcase_add_test(tcase, test_numbers);
	tcase_add_test(tcase, test_numbers_refused);
}
