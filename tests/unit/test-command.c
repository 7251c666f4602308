/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of ctl: each done whole or refused with its reason. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/topology.h"
#include "fmt/command.h"
#include "fmt/element.h"
#include "unit.h"

#define ARRAY	     BPF_MAP_TYPE_ARRAY
#define PERCPU_ARRAY BPF_MAP_TYPE_PERCPU_ARRAY
#define HASH	     BPF_MAP_TYPE_HASH
#define PERCPU_HASH  BPF_MAP_TYPE_PERCPU_HASH

static struct fmt_error error;

static int run_answer(struct map *map, const char *text, struct text *answer)
{
	size_t len = strlen(text);
	char *line = unit_line(text, len);
	struct command_io io = { .answer = answer };
	int err;

	error.msg[0] = '\0';
	err = command_run(map, line, len, &io, &error);
	ck_assert_int_eq(!err, !error.msg[0]);
	free(line);
	return err;
}

/* Those that do not answer do the same whether they could or not. */
static int run(struct map *map, const char *text)
{
	static bool can;
	struct text answer = { NULL, 0, 0 };
	int err = run_answer(map, text, can ? &answer : NULL);

	can = !can;
	ck_assert_uint_eq(answer.len, 0);
	free(answer.buf);
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
	struct command_io io = { 0 };
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
				     strlen(bad[_i % n].line), &io, NULL),
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

static void assert_answer(const struct text *answer, const char *want)
{
	ck_assert(!text_overflown(answer));
	ck_assert_uint_eq(answer->len, strlen(want));
	if (answer->len)
		ck_assert_mem_eq(answer->buf, want, strlen(want));
}

START_TEST(test_delete)
{
	struct map *map = unit_map(HASH, 4, 4, 0);
	uint32_t value;

	ck_assert_int_eq(run(map, "delete 1"), -ENOENT);
	unit_assert_says(&error, "no such element");
	ck_assert_int_eq(run(map, "update 1 42"), 0);
	ck_assert_int_eq(run(map, "update 2 43"), 0);
	ck_assert_int_eq(run(map, "delete 1 2"), -EINVAL);
	ck_assert_int_eq(unit_lookup(map, 1, &value), 0);
	ck_assert_int_eq(run(map, "delete 0x1 # one"), 0);
	ck_assert_int_eq(unit_lookup(map, 1, &value), -ENOENT);
	ck_assert_int_eq(unit_lookup(map, 2, &value), 0);
	ck_assert_int_eq(run(map, "clear"), 0);
	ck_assert_int_eq(unit_lookup(map, 2, &value), -ENOENT);
	unit_put_map(map);
}
END_TEST

START_TEST(test_take)
{
	static const struct {
		const char *line;
		int err;
		const char *says;
	} refused[] = {
		{ "take", -EINVAL, "key: missing" },
		{ "take x", -EINVAL, "key: 'x'" },
		{ "take 1 2", -EINVAL, "'2'" },
		{ "take 1 \"", -EINVAL, "quote" },
		{ "take 4294967296", -ERANGE, "key" },
		{ "take 3", -ENOENT, "no such element" },
		{ "takes 1", -EINVAL, "'takes'" },
	};
	struct map *map = unit_map(HASH, 4, 4, 0);
	struct text answer = { NULL, 0, 0 };
	uint32_t value;
	size_t i;

	ck_assert_int_eq(run(map, "update 1 42"), 0);
	ck_assert_int_eq(run(map, "update 2 4294967295"), 0);
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		ck_assert_int_eq(run_answer(map, refused[i].line, &answer),
				 refused[i].err);
		unit_assert_says(&error, refused[i].says);
		assert_answer(&answer, "");
	}
	/* Who cannot be answered loses nothing. */
	ck_assert_int_eq(run_answer(map, "take 1", NULL), -EPERM);
	unit_assert_says(&error, "reading");
	ck_assert_int_eq(unit_lookup(map, 1, &value), 0);
	ck_assert_int_eq(run_answer(map, "take 1 # one", &answer), 0);
	assert_answer(&answer, "42\n");
	ck_assert_int_eq(unit_lookup(map, 1, &value), -ENOENT);
	ck_assert_int_eq(run_answer(map, "take 1", &answer), -ENOENT);
	ck_assert_int_eq(run_answer(map, "take 2", &answer), 0);
	assert_answer(&answer, "42\n4294967295\n");
	free(answer.buf);
	unit_put_map(map);
}
END_TEST

/* The longest values there are, and one for each CPU. */
START_TEST(test_take_large)
{
	static const uint32_t sizes[] = { 1, 3, 8, 513, 32768, 4000000 };
	const uint32_t type = _i ? PERCPU_HASH : HASH;
	struct text answer;
	struct map *map;
	char *value;
	char *want;
	size_t len;
	size_t i;
	uint32_t slot;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (type == PERCPU_HASH && sizes[i] > PERCPU_VALUE_MAX)
			continue;
		map = unit_map(type, sizes[i], 1, 0);
		value = malloc(map_value_bytes(map));
		memset(value, 0xff, map_value_bytes(map));
		ck_assert_int_eq(unit_update(map, 9, value, BPF_ANY), 0);
		want = malloc(element_text_max(map) + 2);
		for (len = 0, slot = 0; slot < map_value_slots(map); slot++) {
			if (slot)
				want[len++] = ' ';
			if (sizes[i] == 1 || sizes[i] == 8) {
				len += (size_t)sprintf(
					want + len, "%s",
					sizes[i] == 1 ? "255" :
							"18446744073709551615");
				continue;
			}
			memset(want + len, 'f', 2 * (size_t)sizes[i]);
			len += 2 * (size_t)sizes[i];
		}
		strcpy(want + len, "\n");
		answer = (struct text){ NULL, 0, 0 };
		ck_assert_int_eq(run_answer(map, "take 9", &answer), 0);
		assert_answer(&answer, want);
		free(answer.buf);
		free(want);
		free(value);
		unit_put_map(map);
	}
}
END_TEST

/* Answers that nobody reads do not pile up. */
START_TEST(test_take_limit)
{
	struct map *map = unit_map(HASH, 4096, 100, 0);
	struct text answer = { NULL, 0, 0 };
	char line[64];
	int taken;
	int err;
	int i;

	for (i = 0; i < 100; i++) {
		sprintf(line, "update %d \"\"", i);
		ck_assert_int_eq(run(map, line), 0);
	}
	for (taken = 0; taken < 100; taken++) {
		sprintf(line, "take %d", taken);
		err = run_answer(map, line, &answer);
		if (err)
			break;
	}
	ck_assert_int_eq(err, -ENOBUFS);
	unit_assert_says(&error, "to be read first");
	ck_assert_uint_eq(answer.len, (size_t)taken * 8193);
	ck_assert_uint_ge(answer.len, FMT_ANSWER_MAX);
	ck_assert_uint_lt(answer.len, FMT_ANSWER_MAX + 8193);
	ck_assert_uint_eq(map_used_entries(map), 100 - (uint64_t)taken);
	answer.len = 0;
	ck_assert_int_eq(run_answer(map, line, &answer), 0);
	free(answer.buf);
	unit_put_map(map);
}
END_TEST

/* Where nothing can be taken, frozen comes first, as in bpf(2). */
START_TEST(test_take_array)
{
	struct map *map = any_map(_i);
	struct text answer = { NULL, 0, 0 };

	ck_assert_int_eq(run_answer(map, "take 1", &answer), -EOPNOTSUPP);
	unit_assert_says(&error, map_type_name(map->map_type));
	ck_assert_int_eq(map_freeze(map), 0);
	ck_assert_int_eq(run_answer(map, "take 1", &answer), -EPERM);
	unit_assert_says(&error, "frozen");
	ck_assert_uint_eq(answer.len, 0);
	free(answer.buf);
	unit_put_map(map);
}
END_TEST

START_TEST(test_help_table)
{
	struct map *map = unit_map(_i ? PERCPU_HASH : HASH, 8, 4, 0);
	char help[512];
	struct text text = { help, sizeof(help) - 1, 0 };

	command_print_help(&text, map);
	ck_assert(!text_overflown(&text));
	help[text.len] = '\0';
	ck_assert_str_eq(help, "update KEY VALUE [any|noexist|exist]\n"
			       "delete KEY\n"
			       "take KEY\n"
			       "clear\n"
			       "freeze\n");
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

	tcase = unit_case(suite, "tables");
	tcase_add_test(tcase, test_delete);
	tcase_add_test(tcase, test_take);
	/* Loops: 0 a hash, 1 a per-CPU hash. */
	tcase_add_loop_test(tcase, test_take_large, 0, 2);
	tcase_add_test(tcase, test_take_limit);
	tcase_add_loop_test(tcase, test_take_array, 0, 2);
	tcase_add_loop_test(tcase, test_help_table, 0, 2);
}
