/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys and values of maps as text: one slot and many, flags, and errors. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/topology.h"
#include "fmt/element.h"
#include "unit.h"

#define ARRAY	     BPF_MAP_TYPE_ARRAY
#define PERCPU_ARRAY BPF_MAP_TYPE_PERCPU_ARRAY
#define HASH	     BPF_MAP_TYPE_HASH
#define LRU_HASH     BPF_MAP_TYPE_LRU_HASH

static struct fmt_error error;

/* Parse a text as value: element_parse_value with all that surrounds it. */
static int parse(struct map *map, const char *text, void *value,
		 uint64_t *flags)
{
	size_t len = strlen(text);
	char *line = unit_line(text, len);
	struct words words = words_of(line, len);
	int err;

	error.msg[0] = '\0';
	err = element_parse_value(map, &words, value, flags, &error);
	ck_assert_int_eq(!err, !error.msg[0]);
	free(line);
	return err;
}

static int update(struct map *map, const char *text, bool with_flags)
{
	size_t len = strlen(text);
	char *line = unit_line(text, len);
	struct words words = words_of(line, len);
	int err;

	error.msg[0] = '\0';
	err = element_update(map, &words, with_flags, &error);
	ck_assert_int_eq(!err, !error.msg[0]);
	free(line);
	return err;
}

static uint32_t u32_at(struct map *map, uint32_t index)
{
	uint32_t value = 0;

	ck_assert_int_eq(unit_lookup(map, index, &value), 0);
	return value;
}

/* What is small lies in the struct, at the limit and above it. */
START_TEST(test_room)
{
	struct element element;
	struct map *map;
	uint32_t size;

	for (size = 500; size <= 520; size++) {
		map = unit_map(ARRAY, size, 1, 0);
		ck_assert_int_eq(element_init(&element, map, &error), 0);
		ck_assert_int_eq(element.allocated != NULL, size > 504);
		ck_assert_uint_eq((uintptr_t)element.key % 8, 0);
		ck_assert_uint_eq((uintptr_t)element.value % 8, 0);
		ck_assert_uint_ge((uintptr_t)(element.value - element.key), 4);
		memset(element.key, 1, 4);
		memset(element.value, 2, size);
		ck_assert_int_eq(element.key[3], 1);
		element_release(&element);
		unit_put_map(map);
	}
}
END_TEST

START_TEST(test_room_limit)
{
	struct map *map = unit_map(ARRAY, FMT_VALUE_MAX, 1, 0);
	struct element element;

	ck_assert_int_eq(element_check_size(map, &error), 0);
	ck_assert_int_eq(element_init(&element, map, &error), 0);
	memset(element.value, 1, FMT_VALUE_MAX);
	element_release(&element);
	unit_put_map(map);
	map = unit_map(ARRAY, FMT_VALUE_MAX + 1, 1, 0);
	ck_assert_int_eq(element_init(&element, map, &error), -EFBIG);
	unit_assert_says(&error, "4194305");
	unit_assert_says(&error, "elements file");
	ck_assert_int_eq(element_init(&element, map, NULL), -EFBIG);
	error.msg[0] = '\0';
	ck_assert_int_eq(element_check_size(map, &error), -EFBIG);
	unit_assert_says(&error, "4194305");
	ck_assert_int_eq(update(map, "0 0", true), -EFBIG);
	unit_put_map(map);
}
END_TEST

START_TEST(test_key)
{
	struct map *map = unit_map(ARRAY, 8, 4, 0);
	struct word word = { "4294967295", 10 };
	uint32_t key;

	ck_assert_int_eq(element_parse_key(map, &word, &key, &error), 0);
	ck_assert_uint_eq(key, UINT32_MAX);
	word = (struct word){ "4294967296", 10 };
	ck_assert_int_eq(element_parse_key(map, &word, &key, &error), -ERANGE);
	unit_assert_says(&error, "key");
	word = (struct word){ "x", 1 };
	ck_assert_int_eq(element_parse_key(map, &word, &key, &error), -EINVAL);
	unit_assert_says(&error, "key: 'x'");
	unit_put_map(map);
}
END_TEST

START_TEST(test_value)
{
	static const struct {
		const char *text;
		const char *says;
	} bad[] = {
		{ "", "value: missing" }, { "  # 5", "value: missing" },
		{ "x", "'x'" },		  { "5 6", "'6'" },
		{ "5 any", "'any'" },	  { "any", "'any'" },
		{ "\"abc", "quote" },	  { "\"abcde\"", "4 bytes" },
		{ "5 \"x", "quote" },
	};
	struct map *map = unit_map(ARRAY, 4, 4, 0);
	uint32_t value;
	size_t i;

	ck_assert_int_eq(parse(map, " 5 # five", &value, NULL), 0);
	ck_assert_uint_eq(value, 5);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(parse(map, bad[i].text, &value, NULL),
				 -EINVAL);
		unit_assert_says(&error, bad[i].says);
	}
	ck_assert_int_eq(parse(map, "4294967296", &value, NULL), -ERANGE);
	unit_assert_says(&error, "value");
	unit_put_map(map);
}
END_TEST

START_TEST(test_flags)
{
	static const struct {
		const char *text;
		uint64_t flags;
	} good[] = {
		{ "5", 77 },
		{ "5 any", BPF_ANY },
		{ "5 noexist", BPF_NOEXIST },
		{ "5 exist # why not", BPF_EXIST },
	};
	static const struct {
		const char *text;
		const char *says;
	} bad[] = {
		{ "5 any any", "'any'" }, { "5 exist 6", "'6'" },
		{ "5 Any", "'Any'" },	  { "5 an", "'an'" },
		{ "5 0", "'0'" },	  { "any", "'any'" },
		{ "exist 5", "'exist'" }, { "5 any \"", "quote" },
	};
	struct map *map = unit_map(ARRAY, 4, 4, 0);
	uint64_t flags;
	uint32_t value;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		flags = 77;
		ck_assert_int_eq(parse(map, good[i].text, &value, &flags), 0);
		ck_assert_uint_eq(value, 5);
		ck_assert_uint_eq(flags, good[i].flags);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(parse(map, bad[i].text, &value, &flags),
				 -EINVAL);
		unit_assert_says(&error, bad[i].says);
	}
	unit_put_map(map);
}
END_TEST

/* "1 2 3 ..." up to n. */
static void count_to(char *text, uint32_t n)
{
	uint32_t i;

	for (i = 1; i <= n; i++)
		text += sprintf(text, "%s%u", i > 1 ? " " : "", i);
	*text = '\0';
}

static void check_slots(void)
{
	const uint32_t cpus = topology_cpus();
	struct map *map = unit_map(PERCPU_ARRAY, 4, 4, 0);
	uint64_t *value = malloc(cpus * 8);
	char *line = malloc(cpus * 8 + 64);
	uint64_t flags = 77;
	uint32_t n;
	uint32_t i;

	for (n = 1; n <= cpus + 1; n++) {
		int want = n == 1 || n == cpus ? 0 : -EINVAL;

		memset(value, 0xee, cpus * 8);
		count_to(line, n);
		ck_assert_int_eq(parse(map, line, value, NULL), want);
		if (want)
			unit_assert_says(&error,
					 n > cpus ? "after the value" : "CPU");
		/* Padding is zero, whatever lay there. */
		for (i = 0; !want && i < cpus; i++)
			ck_assert_uint_eq(value[i], n == 1 ? 1 : i + 1);
		strcat(line, " noexist");
		ck_assert_int_eq(parse(map, line, value, &flags), want);
		if (!want)
			ck_assert_uint_eq(flags, BPF_NOEXIST);
	}
	ck_assert_int_eq(parse(map, "7 x", value, NULL), -EINVAL);
	unit_assert_says(&error, "'x'");
	free(line);
	free(value);
	unit_put_map(map);
}

START_TEST(test_slots)
{
	check_slots();
}
END_TEST

/* With more CPUs than one and all there is a number between. */
START_TEST(test_slots_of_five)
{
	if (unit_pretend("/sys/devices/system/cpu", "possible", "0-4\n"))
		check_slots();
}
END_TEST

/* What is printed is taken back, padding aside. */
START_TEST(test_round_trip)
{
	struct element element;
	struct element back;
	struct text text;
	struct map *map;
	char *line;
	uint32_t slot;
	uint32_t size;
	uint32_t i;

	for (size = 1; size <= 40; size++) {
		map = unit_map(_i ? PERCPU_ARRAY : ARRAY, size, 4, 0);
		slot = map_slot_bytes(map);
		ck_assert_int_eq(element_init(&element, map, NULL), 0);
		ck_assert_int_eq(element_init(&back, map, NULL), 0);
		unit_fill(element.value, map_value_bytes(map), size);
		for (i = 0; i < map_value_slots(map); i++)
			memset(element.value + i * slot + size, 0, slot - size);
		line = malloc(100 * map_value_slots(map));
		text = (struct text){ line, 100 * map_value_slots(map), 0 };
		element_print_value(&text, map, element.value);
		ck_assert(!text_overflown(&text));
		line[text.len] = '\0';
		ck_assert_int_eq(parse(map, line, back.value, NULL), 0);
		ck_assert_mem_eq(element.value, back.value,
				 map_value_bytes(map));
		free(line);
		element_release(&element);
		element_release(&back);
		unit_put_map(map);
	}
}
END_TEST

START_TEST(test_print)
{
	const uint32_t cpus = topology_cpus();
	struct map *map = unit_map(PERCPU_ARRAY, 4, 4, 0);
	char *want = malloc(cpus * 8);
	char *got = malloc(cpus * 8);
	uint64_t *value = malloc(cpus * 8);
	struct text text = { got, cpus * 8, 0 };
	uint32_t key = 4000000000;
	uint32_t i;

	for (i = 0; i < cpus; i++)
		value[i] = 0xffffffff00000001 + i;
	element_print_value(&text, map, value);
	got[text.len] = '\0';
	count_to(want, cpus);
	ck_assert_str_eq(got, want);
	text.len = 0;
	element_print_key(&text, map, &key);
	got[text.len] = '\0';
	ck_assert_str_eq(got, "4000000000");
	free(want);
	free(got);
	free(value);
	unit_put_map(map);
}
END_TEST

START_TEST(test_update)
{
	static const struct {
		const char *text;
		int err;
		const char *says;
	} bad[] = {
		{ "", -EINVAL, "key: missing" },
		{ "#1 2", -EINVAL, "key" },
		{ "1", -EINVAL, "value: missing" },
		{ "x 1", -EINVAL, "key" },
		{ "1 x", -EINVAL, "value" },
		{ "1 2 3", -EINVAL, "'3'" },
		{ "4 1", -E2BIG, "4 entries" },
		{ "4294967296 1", -ERANGE, "key" },
		{ "1 4294967296", -ERANGE, "value" },
		{ "\"", -EINVAL, "quote" },
	};
	struct map *map = unit_map(ARRAY, 4, 4, 0);
	size_t i;
	int flags;

	for (flags = 0; flags < 2; flags++) {
		ck_assert_int_eq(update(map, "1 42", flags), 0);
		for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			ck_assert_int_eq(update(map, bad[i].text, flags),
					 bad[i].err);
			unit_assert_says(&error, bad[i].says);
		}
		ck_assert_uint_eq(u32_at(map, 1), 42);
	}
	ck_assert_int_eq(update(map, "1 43 exist", true), 0);
	ck_assert_int_eq(update(map, "1 44 exist", false), -EINVAL);
	ck_assert_int_eq(update(map, "1 44 noexist", true), -EEXIST);
	unit_assert_says(&error, "exists");
	ck_assert_uint_eq(u32_at(map, 1), 43);
	ck_assert_int_eq(map_freeze(map), 0);
	ck_assert_int_eq(update(map, "1 44", true), -EPERM);
	unit_assert_says(&error, "frozen");
	unit_put_map(map);
}
END_TEST

START_TEST(test_fail)
{
	static const struct {
		int err;
		const char *says;
	} errors[] = {
		{ -EPERM, "frozen" },
		{ -E2BIG, "4 entries" },
		{ -EEXIST, "exists" },
		{ -ENOENT, "no such element" },
	};
	struct map *map = unit_map(ARRAY, 4, 4, 0);
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		ck_assert_int_eq(element_fail(&error, map, errors[i].err),
				 errors[i].err);
		unit_assert_says(&error, errors[i].says);
		ck_assert_int_eq(element_fail(NULL, map, errors[i].err),
				 errors[i].err);
	}
	/* Those that say it all leave the message alone. */
	ck_assert_int_eq(element_fail(&error, map, -ENOMEM), -ENOMEM);
	unit_assert_says(&error, "no such element");
	unit_put_map(map);
}
END_TEST

/* The same errno has another reason in a table. */
START_TEST(test_fail_table)
{
	static const struct {
		int err;
		const char *says;
	} errors[] = {
		{ -EPERM, "frozen" },
		{ -E2BIG, "is full: it has 4 entries" },
		{ -ENOMEM, "in hand" },
		{ -EUCLEAN, "spoilt" },
		{ -EOPNOTSUPP, "type hash" },
	};
	struct map *map = unit_map(HASH, 4, 4, 0);
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		ck_assert_int_eq(element_fail(&error, map, errors[i].err),
				 errors[i].err);
		unit_assert_says(&error, errors[i].says);
	}
	unit_put_map(map);
}
END_TEST

/* A key's room is enough for a key, and does not depend on the value. */
START_TEST(test_room_key)
{
	struct map_attr attr = unit_attr(HASH, 4, 1, 0);
	struct element element;
	struct map *map;

	for (attr.key_size = 500; attr.key_size <= 520; attr.key_size++) {
		ck_assert_int_eq(unit_create(&attr, &map), 0);
		ck_assert_int_eq(element_init_key(&element, map), 0);
		ck_assert_int_eq(element.allocated != NULL,
				 attr.key_size > 512);
		memset(element.key, 1, attr.key_size);
		element_release(&element);
		unit_put_map(map);
	}
	map = unit_map(ARRAY, FMT_VALUE_MAX + 1, 1, 0);
	ck_assert_int_eq(element_init_key(&element, map), 0);
	element_release(&element);
	unit_put_map(map);
}
END_TEST

/* The longest text of a value is not longer than is said. */
START_TEST(test_text_max)
{
	struct element element;
	struct text text;
	struct map *map;
	char *line;
	size_t max;
	uint32_t size;

	for (size = 1; size <= 40; size++) {
		map = unit_map(_i ? PERCPU_ARRAY : ARRAY, size, 4, 0);
		max = element_text_max(map);
		ck_assert_int_eq(element_init(&element, map, NULL), 0);
		memset(element.value, 0xff, map_value_bytes(map));
		line = malloc(max);
		text = (struct text){ line, max, 0 };
		element_print_value(&text, map, element.value);
		ck_assert(!text_overflown(&text));
		ck_assert_uint_lt(max - text.len, 32 * map_value_slots(map));
		free(line);
		element_release(&element);
		unit_put_map(map);
	}
}
END_TEST

/* Operations on what is there, what is not, and what cannot be. */
START_TEST(test_operations)
{
	struct map *map = unit_map(_i ? LRU_HASH : HASH, 4, 4, 0);
	uint32_t value = 77;
	uint32_t key = 5;

	ck_assert_int_eq(element_lookup(map, &key, &value, &error), -ENOENT);
	unit_assert_says(&error, "no such element");
	ck_assert_int_eq(element_take(map, &key, &value, &error), -ENOENT);
	ck_assert_int_eq(element_delete(map, &key, &error), -ENOENT);
	ck_assert_uint_eq(value, 77);
	ck_assert_int_eq(update(map, "5 42", false), 0);
	ck_assert_int_eq(element_lookup(map, &key, &value, &error), 0);
	ck_assert_uint_eq(value, 42);
	value = 0;
	ck_assert_int_eq(element_take(map, &key, &value, &error), 0);
	ck_assert_uint_eq(value, 42);
	ck_assert_int_eq(element_take(map, &key, &value, &error), -ENOENT);
	ck_assert_int_eq(update(map, "5 42", false), 0);
	ck_assert_int_eq(element_delete(map, &key, &error), 0);
	ck_assert_int_eq(update(map, "5 1 exist", true), -ENOENT);
	ck_assert_int_eq(update(map, "5 1 noexist", true), 0);
	ck_assert_int_eq(map_freeze(map), 0);
	ck_assert_int_eq(element_take(map, &key, &value, &error), -EPERM);
	unit_assert_says(&error, "frozen");
	ck_assert_int_eq(element_delete(map, &key, &error), -EPERM);
	ck_assert_int_eq(element_lookup(map, &key, &value, &error), 0);
	unit_put_map(map);
}
END_TEST

START_TEST(test_full)
{
	struct map *map = unit_map(HASH, 4, 2, 0);

	ck_assert_int_eq(update(map, "1 1", false), 0);
	ck_assert_int_eq(update(map, "2 2", false), 0);
	ck_assert_int_eq(update(map, "3 3", false), -E2BIG);
	unit_assert_says(&error, "full");
	ck_assert_int_eq(update(map, "2 4", false), 0);
	unit_put_map(map);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "element");

	tcase_add_test(tcase, test_room);
	tcase_add_test(tcase, test_room_limit);
	tcase_add_test(tcase, test_key);
	tcase_add_test(tcase, test_value);
	tcase_add_test(tcase, test_flags);
	tcase_add_test(tcase, test_slots);
	tcase_add_test(tcase, test_slots_of_five);
	/* Loops: 0 an array, 1 a per-CPU array. */
	tcase_add_loop_test(tcase, test_round_trip, 0, 2);
	tcase_add_test(tcase, test_print);
	tcase_add_test(tcase, test_update);
	tcase_add_test(tcase, test_fail);
	tcase_add_test(tcase, test_fail_table);
	tcase_add_test(tcase, test_room_key);
	tcase_add_loop_test(tcase, test_text_max, 0, 2);
	/* Loops: 0 a hash, 1 an LRU. */
	tcase_add_loop_test(tcase, test_operations, 0, 2);
	tcase_add_test(tcase, test_full);
}
