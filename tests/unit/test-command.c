/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of ctl: each done whole or refused with its reason. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/topology.h"
#include "fmt/command.h"
#include "unit.h"

#define ARRAY	     BPF_MAP_TYPE_ARRAY
#define PERCPU_ARRAY BPF_MAP_TYPE_PERCPU_ARRAY

static struct fmt_error error;

static int run(struct map *map, const char *text)
{
	size_t len = strlen(text);
	char *line = unit_line(text, len);
	int err;

	error.msg[0] = '\0';
	err = command_run(map, line, len, &error);
	ck_assert_int_eq(!err, !error.msg[0]);
	free(line);
	return err;
}

/* Every slot of the element is 'want', padding included. */
static void assert_value(struct map *map, uint32_t index, uint64_t want)
{
	uint64_t *value = calloc(map_value_slots(map), 8);
	uint32_t i;

	ck_assert_int_eq(unit_lookup(map, index, value), 0);
	for (i = 0; i < map_value_slots(map); i++)
		ck_assert_uint_eq(value[i], want);
	free(value);
}

static struct map *any_map(int i)
{
	return unit_map(i ? PERCPU_ARRAY : ARRAY, 4, 4, 0);
}

START_TEST(test_nothing)
{
	struct map *map = any_map(_i);

	ck_assert_int_eq(run(map, ""), 0);
	ck_assert_int_eq(run(map, " \t\r"), 0);
	ck_assert_int_eq(run(map, "# freeze"), 0);
	ck_assert(!map_frozen(map));
	unit_put_map(map);
}
END_TEST

START_TEST(test_update)
{
	struct map *map = any_map(_i);

	ck_assert_int_eq(run(map, "update 1 42"), 0);
	assert_value(map, 1, 42);
	assert_value(map, 0, 0);
	ck_assert_int_eq(run(map, "  update 0x1 \"a\"  # text"), 0);
	assert_value(map, 1, 'a');
	ck_assert_int_eq(run(map, "update 1 43 any"), 0);
	ck_assert_int_eq(run(map, "update 2 -1 exist"), 0);
	assert_value(map, 1, 43);
	assert_value(map, 2, UINT32_MAX);
	ck_assert_int_eq(run(map, "update 2 5 noexist"), -EEXIST);
	assert_value(map, 2, UINT32_MAX);
	unit_put_map(map);
}
END_TEST

START_TEST(test_clear)
{
	struct map *map = any_map(_i);
	uint32_t i;

	ck_assert_int_eq(run(map, "update 0 1"), 0);
	ck_assert_int_eq(run(map, "update 3 1"), 0);
	ck_assert_int_eq(run(map, "clear"), 0);
	for (i = 0; i < 4; i++)
		assert_value(map, i, 0);
	unit_put_map(map);
}
END_TEST

static const struct {
	const char *line;
	int err;
	const char *says;
} bad[] = {
	{ "x", -EINVAL, "'x'" },
	{ "\x01", -EINVAL, "'?'" },
	{ "Update 1 2", -EINVAL, "'Update'" },
	{ "updat 1 2", -EINVAL, "'updat'" },
	{ "updates 1 2", -EINVAL, "'updates'" },
	{ "\"update\" 1 2", -EINVAL, "'\"update\"'" },
	{ "\"", -EINVAL, "quote" },
	{ "update", -EINVAL, "key: missing" },
	{ "update # 1 2", -EINVAL, "key: missing" },
	{ "update 1", -EINVAL, "value: missing" },
	{ "update 1 any", -EINVAL, "'any'" },
	{ "update 1 2 \"", -EINVAL, "quote" },
	{ "update 1 7 any any", -EINVAL, "'any'" },
	{ "update 1 7 any 7", -EINVAL, "'7'" },
	{ "update x 7", -EINVAL, "key: 'x'" },
	{ "update 1 y", -EINVAL, "value: 'y'" },
	{ "update 4 7", -E2BIG, "4 entries" },
	{ "update 4294967295 7", -E2BIG, "4 entries" },
	{ "update 4294967296 7", -ERANGE, "key" },
	{ "update -1 7", -E2BIG, "4 entries" },
	{ "update 1 4294967296", -ERANGE, "value" },
	{ "update 1 7 noexist", -EEXIST, "exists" },
	{ "update 4 7 noexist", -E2BIG, "4 entries" },
	{ "delete", -EINVAL, "key: missing" },
	{ "delete 1", -EINVAL, "cannot be deleted" },
	{ "delete 4", -EINVAL, "cannot be deleted" },
	{ "delete x", -EINVAL, "key: 'x'" },
	{ "delete 1 2", -EINVAL, "'2'" },
	{ "delete \"", -EINVAL, "quote" },
	{ "clear all", -EINVAL, "'all'" },
	{ "clear \"", -EINVAL, "quote" },
	{ "freeze now", -EINVAL, "'now'" },
	{ "freeze \"", -EINVAL, "quote" },
};

/* Loops over them, twice: an array, then a per-CPU array. */
START_TEST(test_bad_command)
{
	const int n = (int)(sizeof(bad) / sizeof(bad[0]));
	struct map *map = any_map(_i / n);
	uint32_t i;

	for (i = 0; i < 4; i++)
		ck_assert_int_eq(
			run(map, (const char *[]){ "update 0 77", "update 1 77",
						   "update 2 77",
						   "update 3 77" }[i]),
			0);
	ck_assert_int_eq(run(map, bad[_i % n].line), bad[_i % n].err);
	unit_assert_says(&error, bad[_i % n].says);
	ck_assert_int_eq(command_run(map, bad[_i % n].line,
				     strlen(bad[_i % n].line), NULL),
			 bad[_i % n].err);
	for (i = 0; i < 4; i++)
		assert_value(map, i, 77);
	ck_assert(!map_frozen(map));
	unit_put_map(map);
}
END_TEST

START_TEST(test_slots)
{
	const uint32_t cpus = topology_cpus();
	struct map *map = any_map(1);
	char *line = malloc(cpus * 8 + 32);
	uint64_t *value = calloc(cpus, 8);
	char *at = line + sprintf(line, "update 1");
	uint32_t i;

	for (i = 0; i < cpus; i++)
		at += sprintf(at, " %u", i + 5);
	ck_assert_int_eq(run(map, line), 0);
	ck_assert_int_eq(unit_lookup(map, 1, value), 0);
	for (i = 0; i < cpus; i++)
		ck_assert_uint_eq(value[i], i + 5);
	strcpy(at, " 9");
	ck_assert_int_eq(run(map, line), -EINVAL);
	unit_assert_says(&error, "'9'");
	free(line);
	free(value);
	unit_put_map(map);
}
END_TEST

START_TEST(test_freeze)
{
	static const char *const writes[] = {
		"update 1 5", "update 9 5", "update 1 5 noexist",
		"delete 1",   "clear",
	};
	struct map *map = any_map(_i);
	int fd = unit_reopen(map_region(map, 0), O_RDWR);
	size_t i;

	ck_assert_int_eq(run(map, "update 1 4"), 0);
	ck_assert_int_eq(run(map, "freeze"), -EBUSY);
	unit_assert_says(&error, "writing");
	ck_assert(!map_frozen(map));
	ck_assert_int_eq(run(map, "update 1 42"), 0);
	close(fd);
	ck_assert_int_eq(run(map, "freeze"), 0);
	ck_assert(map_frozen(map));
	ck_assert_int_eq(run(map, "freeze"), -EPERM);
	unit_assert_says(&error, "frozen already");
	for (i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		ck_assert_int_eq(run(map, writes[i]), -EPERM);
		unit_assert_says(&error, "frozen");
	}
	/* What is malformed stays so. */
	ck_assert_int_eq(run(map, "update 1 x"), -EINVAL);
	assert_value(map, 1, 42);
	unit_put_map(map);
}
END_TEST

START_TEST(test_help)
{
	struct map *map = any_map(_i);
	char help[512];
	struct text text = { help, sizeof(help) - 1, 0 };

	command_print_help(&text, map);
	ck_assert(!text_overflown(&text));
	help[text.len] = '\0';
	ck_assert_str_eq(help, "update KEY VALUE [any|noexist|exist]\n"
			       "clear\n"
			       "freeze\n");
	unit_put_map(map);
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "command");

	/* Loops: 0 an array, 1 a per-CPU array. */
	tcase_add_loop_test(tcase, test_nothing, 0, 2);
	tcase_add_loop_test(tcase, test_update, 0, 2);
	tcase_add_loop_test(tcase, test_clear, 0, 2);
	tcase_add_loop_test(tcase, test_bad_command, 0,
			    2 * sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tcase, test_slots);
	tcase_add_loop_test(tcase, test_freeze, 0, 2);
	tcase_add_loop_test(tcase, test_help, 0, 2);
}
