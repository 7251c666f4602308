/* SPDX-License-Identifier: BSD-2-Clause */
/* The spec line: its grammar, what is wrong with a line, and printing it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "fmt/spec.h"
#include "unit.h"

static struct fmt_error error;

static int parse_len(const char *text, size_t len, bool named,
		     struct spec *spec)
{
	char *line = unit_line(text, len);
	int res;

	error.msg[0] = '\0';
	res = spec_parse(line, len, named, spec, &error);
	ck_assert_int_eq(res < 0, error.msg[0] != '\0');
	ck_assert_int_eq(spec_parse(line, len, named, spec, NULL), res);
	free(line);
	return res;
}

static int parse(const char *text, bool named, struct spec *spec)
{
	return parse_len(text, strlen(text), named, spec);
}

START_TEST(test_plain)
{
	struct spec spec;

	ck_assert_int_eq(parse("hits type array key 4 value 8 entries 1024",
			       true, &spec),
			 1);
	ck_assert_str_eq(spec.attr.map_name, "hits");
	ck_assert_uint_eq(spec.attr.map_type, BPF_MAP_TYPE_ARRAY);
	ck_assert_uint_eq(spec.attr.key_size, 4);
	ck_assert_uint_eq(spec.attr.value_size, 8);
	ck_assert_uint_eq(spec.attr.max_entries, 1024);
	ck_assert_uint_eq(spec.attr.map_flags, 0);
	ck_assert_uint_eq(spec.attr.map_extra, 0);
	ck_assert(!spec.attr.unpriv);
	ck_assert(!spec.has_mode);
}
END_TEST

START_TEST(test_everything)
{
	struct spec spec;

	ck_assert_int_eq(parse("\tmode 0640 numa 3\textra 0x10 flags "
			       "rdonly,0x80000,mmapable entries 4294967295 "
			       "value 0 key 0x10 type percpu_array # all",
			       false, &spec),
			 1);
	ck_assert_str_eq(spec.attr.map_name, "");
	ck_assert_uint_eq(spec.attr.map_type, BPF_MAP_TYPE_PERCPU_ARRAY);
	ck_assert_uint_eq(spec.attr.key_size, 16);
	ck_assert_uint_eq(spec.attr.value_size, 0);
	ck_assert_uint_eq(spec.attr.max_entries, UINT32_MAX);
	ck_assert_uint_eq(spec.attr.map_flags, BPF_F_RDONLY | 0x80000 |
						       BPF_F_MMAPABLE |
						       BPF_F_NUMA_NODE);
	ck_assert_uint_eq(spec.attr.map_extra, 16);
	ck_assert_int_eq(spec.attr.numa_node, 3);
	ck_assert(spec.has_mode);
	ck_assert_uint_eq(spec.mode, 0640);
}
END_TEST

START_TEST(test_little)
{
	static const char *const blank[] = {
		"", " ", "\t\r", "#", "# hits type array", "  # x"
	};
	struct spec spec;
	size_t i;

	for (i = 0; i < sizeof(blank) / sizeof(blank[0]); i++) {
		ck_assert_int_eq(parse(blank[i], true, &spec), 0);
		ck_assert_int_eq(parse(blank[i], false, &spec), 0);
	}
	/* The rest is for map_create to refuse. */
	ck_assert_int_eq(parse("type array", false, &spec), 1);
	ck_assert_uint_eq(spec.attr.max_entries, 0);
	/* Words of the grammar are names as any. */
	ck_assert_int_eq(parse("type type array", true, &spec), 1);
	ck_assert_str_eq(spec.attr.map_name, "type");
}
END_TEST

#define A "type array "

static const struct {
	const char *line;
	int err;
	const char *says;
} bad[] = {
	{ "x", -EINVAL, "'x'" },
	{ "type", -EINVAL, "type: nothing" },
	{ "type # array", -EINVAL, "type: nothing" },
	{ "type arry", -EINVAL, "type: there is no type 'arry'" },
	{ "type Array", -EINVAL, "'Array'" },
	{ "type 2", -EINVAL, "'2'" },
	{ "type unspec", -EINVAL, "'unspec'" },
	{ "type \"array\"", -EINVAL, "type" },
	{ "type a_type_whose_name_is_longer_than_any", -EINVAL,
	  "a_type_whose" },
	{ "key 4 value 8 entries 1", -EINVAL, "type: missing" },
	{ A "type array", -EINVAL, "type: given twice" },
	{ A "inner x", -EINVAL, "inner: this type holds no maps" },
	{ "type array_of_maps", -EINVAL, "inner: missing" },
	{ "type hash_of_maps inner", -EINVAL, "inner: nothing after it" },
	{ "type hash_of_maps inner 01234567890123456789012345678901", -EINVAL,
	  "no name of a map" },
	{ A "key 4 key 4", -EINVAL, "key: given twice" },
	{ A "mode 0 numa 0 mode 0", -EINVAL, "mode: given twice" },
	{ A "keys 4", -EINVAL, "'keys'" },
	{ A "Key 4", -EINVAL, "'Key'" },
	{ A "key", -EINVAL, "key: nothing" },
	{ A "key four", -EINVAL, "key: 'four'" },
	{ A "key -4", -EINVAL, "key: '-4'" },
	{ A "key 4.", -EINVAL, "key: '4.'" },
	{ A "key 4294967296", -ERANGE, "key: '4294967296'" },
	{ A "value", -EINVAL, "value: nothing" },
	{ A "value 8x", -EINVAL, "value: '8x'" },
	{ A "value 0x100000000", -ERANGE, "value: '0x100000000'" },
	{ A "entries", -EINVAL, "entries: nothing" },
	{ A "entries 1k", -EINVAL, "entries: '1k'" },
	{ A "entries 4294967296", -ERANGE, "entries" },
	{ A "entries 99999999999999999999", -ERANGE, "entries" },
	{ A "extra", -EINVAL, "extra: nothing" },
	{ A "extra -1", -EINVAL, "extra: '-1'" },
	{ A "extra 18446744073709551616", -ERANGE, "extra" },
	{ A "numa", -EINVAL, "numa: nothing" },
	{ A "numa -2", -EINVAL, "numa: '-2'" },
	{ A "numa any", -EINVAL, "numa: 'any'" },
	{ A "numa 2147483648", -ERANGE, "numa" },
	{ A "mode", -EINVAL, "mode: nothing" },
	{ A "mode 8", -EINVAL, "mode: '8'" },
	{ A "mode rw", -EINVAL, "mode: 'rw'" },
	{ A "mode 1000", -EINVAL, "mode: '1000'" },
	{ A "mode 7777", -EINVAL, "mode: '7777'" },
	{ A "mode 000644", -EINVAL, "mode: '000644'" },
	{ A "mode 64x", -EINVAL, "mode: '64x'" },
	{ A "mode -1", -EINVAL, "mode: '-1'" },
	{ A "flags", -EINVAL, "flags: nothing" },
	{ A "flags rdonl", -EINVAL, "flags: there is no flag 'rdonl'" },
	{ A "flags RDONLY", -EINVAL, "flags: there is no flag 'RDONLY'" },
	{ A "flags rdonly,", -EINVAL, "flags: there is no flag ''" },
	{ A "flags ,rdonly", -EINVAL, "flags: there is no flag ''" },
	{ A "flags rdonly,,mmapable", -EINVAL, "flags: there is no flag ''" },
	{ A "flags none,rdonly", -EINVAL, "flags: there is no flag 'none'" },
	{ A "flags rdonly mmapable", -EINVAL, "'mmapable'" },
	{ A "flags 0x", -EINVAL, "flags: '0x'" },
	{ A "flags 1x", -EINVAL, "flags: '1x'" },
	{ A "flags -1", -EINVAL, "flags: there is no flag '-1'" },
	{ A "flags 4294967296", -ERANGE, "flags: '4294967296'" },
	{ A "key \"4", -EINVAL, "quote" },
	{ A "\"", -EINVAL, "quote" },
};

/* Loops over them, with and without a name before the line. */
START_TEST(test_bad_line)
{
	struct spec spec;
	char line[256];

	ck_assert_int_eq(parse(bad[_i].line, false, &spec), bad[_i].err);
	unit_assert_says(&error, bad[_i].says);
	snprintf(line, sizeof(line), "name %s", bad[_i].line);
	ck_assert_int_eq(parse(line, true, &spec), bad[_i].err);
	unit_assert_says(&error, bad[_i].says);
}
END_TEST

START_TEST(test_zero_byte)
{
	static const char line[] = "hits type array key 4 value 8 entries 1";
	char text[sizeof(line)];
	struct spec spec;
	size_t i;

	for (i = 0; i < sizeof(line) - 1; i++) {
		memcpy(text, line, sizeof(line));
		text[i] = '\0';
		ck_assert_int_eq(parse_len(text, sizeof(line) - 1, true, &spec),
				 -EINVAL);
		unit_assert_says(&error, "zero byte");
	}
}
END_TEST

/* A line of any length; the message has some of the word and the reason. */
START_TEST(test_long_word)
{
	char line[FMT_SPEC_MAX];
	struct spec spec;

	memset(line, 'x', sizeof(line));
	memcpy(line, "type ", 5);
	ck_assert_int_eq(parse_len(line, sizeof(line), false, &spec), -EINVAL);
	unit_assert_says(&error, "xxxxxxxxxxxxxxxxxxxx'");
	memset(line, '1', sizeof(line));
	memcpy(line, "key ", 4);
	ck_assert_int_eq(parse_len(line, sizeof(line), false, &spec), -ERANGE);
	unit_assert_says(&error, "1111' is above 4294967295");
}
END_TEST

START_TEST(test_name)
{
	static const struct {
		const char *name;
		int err;
	} names[] = {
		{ "a", 0 },
		{ "A.b_9", 0 },
		{ "...", 0 },
		{ ".a", 0 },
		{ "123456789012345", 0 },
		{ "1234567890123456", -ENAMETOOLONG },
		{ "1234567890123456789012345678901234567890123456789",
		  -ENAMETOOLONG },
		{ "", -EINVAL },
		{ ".", -EINVAL },
		{ "..", -EINVAL },
		{ "a-b", -EINVAL },
		{ "a/b", -EINVAL },
		{ "a b", -EINVAL },
		{ "\xc3\xa4", -EINVAL },
		{ "\"a\"", -EINVAL },
	};
	struct spec spec;
	char line[128];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i].name);
		char *name = unit_line(names[i].name, len);

		error.msg[0] = '\0';
		ck_assert_int_eq(spec_check_name(name, len, &error),
				 names[i].err);
		if (names[i].err)
			unit_assert_says(&error, "name: '");
		free(name);
		if (!len || strchr(names[i].name, ' '))
			continue;
		snprintf(line, sizeof(line), "%s type array", names[i].name);
		ck_assert_int_eq(parse(line, true, &spec),
				 names[i].err ? -EINVAL : 1);
		if (names[i].err)
			unit_assert_says(&error, "name: '");
		else
			ck_assert_str_eq(spec.attr.map_name, names[i].name);
		/* The name alone is no spec, and a bad one comes first. */
		ck_assert_int_eq(parse(names[i].name, true, &spec), -EINVAL);
		unit_assert_says(&error, names[i].err ? "name" : "type");
	}
	ck_assert_int_eq(spec_check_name("a\0b", 3, &error), -EINVAL);
	ck_assert_int_eq(spec_check_name("\0", 1, &error), -EINVAL);
}
END_TEST

/* A message quotes the name alone, however long, and nothing behind it. */
START_TEST(test_long_name)
{
	struct spec spec;

	ck_assert_int_eq(parse("0123456789abcdefg type array", true, &spec),
			 -EINVAL);
	unit_assert_says(&error, "'0123456789abcdefg'");
	ck_assert_int_eq(parse("0123456789abcdefg", true, &spec), -EINVAL);
	unit_assert_says(&error, "'0123456789abcdefg'");
}
END_TEST

START_TEST(test_mode)
{
	static const struct {
		const char *text;
		mode_t mode;
	} modes[] = {
		{ "0", 0 },	  { "7", 7 },	     { "644", 0644 },
		{ "0644", 0644 }, { "00777", 0777 }, { "777", 0777 },
	};
	struct spec spec;
	char line[64];
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		snprintf(line, sizeof(line), "type array mode %s",
			 modes[i].text);
		ck_assert_int_eq(parse(line, false, &spec), 1);
		ck_assert(spec.has_mode);
		ck_assert_uint_eq(spec.mode, modes[i].mode);
	}
}
END_TEST

START_TEST(test_flags)
{
	static const struct {
		uint32_t flags;
		const char *text;
	} sets[] = {
		{ 0, "none" },
		{ 1, "no_prealloc" },
		{ 2, "no_common_lru" },
		{ 4, "numa_node" },
		{ 8, "rdonly" },
		{ 0x10, "wronly" },
		{ 0x20, "stack_build_id" },
		{ 0x40, "zero_seed" },
		{ 0x80, "rdonly_prog" },
		{ 0x100, "wronly_prog" },
		{ 0x200, "clone" },
		{ 0x400, "mmapable" },
		{ 0x800, "preserve_elems" },
		{ 0x1000, "inner_map" },
		{ 0x80000, "0x80000" },
		{ 0x80008, "rdonly,0x80000" },
		{ 0x88, "rdonly,rdonly_prog" },
		{ 0xf0000000, "0xf0000000" },
	};
	struct spec spec;
	struct text text;
	char flags[256];
	char line[512];
	uint32_t bit;
	size_t i;

	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		text = (struct text){ flags, sizeof(flags) - 1, 0 };
		spec_print_flags(&text, sets[i].flags);
		flags[text.len] = '\0';
		ck_assert_str_eq(flags, sets[i].text);
	}
	ck_assert_int_eq(parse("type array flags 9", false, &spec), 1);
	ck_assert_uint_eq(spec.attr.map_flags, 9);
	/* All pairs of bits and back. */
	for (bit = 0; bit < 32 * 32; bit++) {
		uint32_t set = 1u << bit % 32 | 1u << bit / 32;

		text = (struct text){ flags, sizeof(flags) - 1, 0 };
		spec_print_flags(&text, set);
		flags[text.len] = '\0';
		snprintf(line, sizeof(line), "type array flags %s", flags);
		ck_assert_int_eq(parse(line, false, &spec), 1);
		ck_assert_uint_eq(spec.attr.map_flags, set);
	}
	text = (struct text){ flags, sizeof(flags) - 1, 0 };
	spec_print_flags(&text, UINT32_MAX);
	ck_assert(!text_overflown(&text));
}
END_TEST

/* What a map prints makes a map that prints the same. */
START_TEST(test_round_trip)
{
	static const char *const lines[] = {
		"type array key 4 value 8 entries 1024",
		"type percpu_array key 4 value 16 entries 64",
		"type array key 4 value 1 entries 1 flags rdonly,mmapable",
		"type array key 4 value 5 entries 7 flags wronly,rdonly_prog",
		"type array key 4 value 5 entries 7 numa 0",
		"type array key 4 value 5 entries 7 flags inner_map numa -1",
		"type percpu_array key 4 value 5 entries 7 numa -1",
		"type hash key 16 value 64 entries 1000",
		"type hash key 1 value 1 entries 1 flags no_prealloc,zero_seed",
		"type hash key 4 value 5 entries 7 numa 0",
		"type percpu_hash key 3 value 12 entries 5 numa -1",
		"type lru_hash key 4 value 8 entries 100",
		"type lru_percpu_hash key 5 value 8 entries 9 flags rdonly",
	};
	char printed[512];
	struct text text;
	struct spec spec;
	struct map *map;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_int_eq(parse(lines[i], false, &spec), 1);
		ck_assert_int_eq(unit_create(&spec.attr, &map), 0);
		text = (struct text){ printed, sizeof(printed) - 1, 0 };
		spec_print(&text, map);
		ck_assert(!text_overflown(&text));
		printed[text.len] = '\0';
		ck_assert_str_eq(printed, lines[i]);
		unit_put_map(map);
	}
}
END_TEST

/* Whatever node an unflagged map was given, it has none to print. */
START_TEST(test_print_other_types)
{
	struct map map = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = UINT32_MAX,
		.value_size = UINT32_MAX,
		.max_entries = UINT32_MAX,
		.map_flags = UINT32_MAX,
		.map_extra = UINT64_MAX,
		.numa_node = INT32_MAX,
	};
	char printed[512];
	struct text text = { printed, sizeof(printed) - 1, 0 };
	struct spec spec;

	spec_print(&text, &map);
	ck_assert(!text_overflown(&text));
	printed[text.len] = '\0';
	ck_assert_int_eq(parse(printed, false, &spec), 1);
	ck_assert_uint_eq(spec.attr.key_size, UINT32_MAX);
	ck_assert_uint_eq(spec.attr.value_size, UINT32_MAX);
	ck_assert_uint_eq(spec.attr.max_entries, UINT32_MAX);
	ck_assert_uint_eq(spec.attr.map_flags, UINT32_MAX);
	ck_assert_uint_eq(spec.attr.map_extra, UINT64_MAX);
	ck_assert_int_eq(spec.attr.numa_node, INT32_MAX);
}
END_TEST

/* The help is comments that hold the types, and examples that work. */
START_TEST(test_help)
{
	char help[4096];
	struct text text = { help, sizeof(help) - 1, 0 };
	struct spec spec;
	char *line;
	char *next;
	int examples = 0;
	char types[512];
	uint32_t type;
	char word[64];

	spec_print_help(&text);
	ck_assert(!text_overflown(&text));
	help[text.len] = '\0';
	ck_assert_int_eq(help[text.len - 1], '\n');
	line = strstr(help, "\n# types:");
	ck_assert_ptr_nonnull(line);
	snprintf(types, sizeof(types), "%.*s ", (int)strcspn(line + 1, "\n"),
		 line + 1);
	for (type = 0; type < map_type_end(); type++) {
		snprintf(word, sizeof(word), " %s ", map_type_name(type));
		if (map_type_name(type))
			ck_assert_ptr_nonnull(strstr(types, word));
	}
	ck_assert_ptr_nonnull(strstr(help, "\n# flags: no_prealloc "));
	ck_assert_ptr_nonnull(strstr(help, " mmapable preserve_elems "));
	for (line = help; *line; line = next) {
		next = strchr(line, '\n') + 1;
		ck_assert_int_eq(*line, '#');
		ck_assert_int_eq(
			parse_len(line, (size_t)(next - line - 1), true, &spec),
			0);
		if (parse_len(line + 1, (size_t)(next - line - 2), true,
			      &spec) == 1)
			examples++;
	}
	ck_assert_int_eq(examples, 8);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "parse");

	tcase_add_test(tcase, test_plain);
	tcase_add_test(tcase, test_everything);
	tcase_add_test(tcase, test_little);
	tcase_add_loop_test(tcase, test_bad_line, 0,
			    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tcase, test_zero_byte);
	tcase_add_test(tcase, test_long_word);
	tcase_add_test(tcase, test_name);
	tcase_add_test(tcase, test_long_name);
	tcase_add_test(tcase, test_mode);

	tcase = unit_case(suite, "print");
	tcase_add_test(tcase, test_flags);
	tcase_add_test(tcase, test_round_trip);
	tcase_add_test(tcase, test_print_other_types);
	tcase_add_test(tcase, test_help);
}
