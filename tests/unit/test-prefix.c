/* SPDX-License-Identifier: BSD-2-Clause */
/* Prefixes as text: every form that is taken, what is printed, what is not. */
#include <errno.h>
#include <stdlib.h>

#include "fmt/prefix.h"
#include "unit.h"

#define KEY_MAX 260u

static int parse(const char *text, size_t size, unsigned char *key,
		 struct fmt_error *error)
{
	char *line = unit_line(text, strlen(text));
	struct word word = { line, strlen(text) };
	int err;

	memset(key, 0xee, KEY_MAX);
	error->msg[0] = '\0';
	err = prefix_parse(&word, size, key, error);
	free(line);
	return err;
}

/* What it is printed as, which is taken for the same key. */
static void assert_prints(const char *text, size_t size, const char *printed)
{
	unsigned char again[KEY_MAX];
	unsigned char key[KEY_MAX];
	struct fmt_error error;
	char buf[600];
	struct text out = { buf, sizeof(buf) - 1, 0 };

	ck_assert_msg(parse(text, size, key, &error) == 0, "%s: %s", text,
		      error.msg);
	ck_assert_uint_eq(key[size], 0xee);
	prefix_print(&out, size, key);
	buf[out.len] = '\0';
	ck_assert_str_eq(buf, printed);
	ck_assert_int_eq(parse(buf, size, again, &error), 0);
	ck_assert_mem_eq(key, again, size);
}

START_TEST(test_forms)
{
	assert_prints("10.1.0.0/16", 8, "10.1.0.0/16");
	assert_prints("10.1.2.3/8", 8, "10.1.2.3/8");
	assert_prints("0.0.0.0/0", 8, "0.0.0.0/0");
	assert_prints("10.1.2.3", 8, "10.1.2.3/32");
	assert_prints("10.1.2.3/0x10", 8, "10.1.2.3/16");
	assert_prints("hex:0a010203/9", 8, "10.1.2.3/9");
	assert_prints("::/0", 20, "::/0");
	assert_prints("2001:DB8:0:0::/32", 20, "2001:db8::/32");
	assert_prints("::ffff:1.2.3.4", 20, "::ffff:1.2.3.4/128");
	assert_prints("hex:20010db8000000000000000000000000/48", 20,
		      "2001:db8::/48");
	assert_prints("0aFF/3", 6, "0aff/3");
	assert_prints("0aff", 6, "0aff/16");
	assert_prints("7f/8", 5, "7f/8");
	assert_prints("hex:0011223344556677/64", 12, "0011223344556677/64");
}
END_TEST

START_TEST(test_refused)
{
	static const struct {
		const char *text;
		size_t size;
		const char *says;
	} bad[] = {
		{ "10.1.0.0/33", 8, "33" },
		{ "10.1.0.0/", 8, "length" },
		{ "10.1.0.0/-1", 8, "length" },
		{ "10.1.0.0/8/8", 8, "length" },
		{ "10.1.0.0/4294967296", 8, "length" },
		{ "10.1.0/8", 8, "IPv4" },
		{ "10.1.0.256/8", 8, "IPv4" },
		{ "::/8", 8, "IPv4" },
		{ "/8", 8, "IPv4" },
		{ "", 8, "IPv4" },
		{ "hex:0a0102/8", 8, "8 hex digits" },
		{ "hex:0a01020g/8", 8, "hex digits" },
		{ "10.0.0.0/8", 20, "IPv6" },
		{ ":::/8", 20, "IPv6" },
		{ "::/129", 20, "129" },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", 20,
		  "IPv6" },
		/* As long as INET6_ADDRSTRLEN, which has room for a 0. */
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:a", 20,
		  "IPv6" },
		{ "0a/17", 6, "17" },
		{ "0a/16", 6, "4 hex digits" },
		{ "0a0b0c/16", 6, "4 hex digits" },
		{ "5/8", 5, "2 hex digits" },
	};
	unsigned char key[KEY_MAX];
	struct fmt_error error;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(parse(bad[i].text, bad[i].size, key, &error) ==
				      -EINVAL,
			      "%s", bad[i].text);
		unit_assert_says(&error, "key: ");
		unit_assert_says(&error, bad[i].says);
	}
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tc = unit_case(suite, "prefix");

	tcase_add_test(tc, test_forms);
	tcase_add_test(tc, test_refused);
}
