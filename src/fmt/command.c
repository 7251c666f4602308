/* SPDX-License-Identifier: BSD-2-Clause */
#include "fmt/command.h"

#include <errno.h>

#include "fmt/element.h"

/* Nanoseconds, and how long a pop may wait: a day. */
#define NSEC_PER_SEC 1000000000ull
#define WAIT_MAX     (86400 * NSEC_PER_SEC)

static int no_more_words(struct words *words, struct fmt_error *error)
{
	struct word word;
	int res = word_next(words, &word, error);

	if (res > 0)
		return fmt_fail(error, EINVAL, "'" WORD_FMT "' is too much",
				WORD_ARG(&word));
	return res;
}

static bool has_update(const struct map *map)
{
	return map->key_size && map->ops->map_update_elem;
}

static int run_update(struct map *map, struct words *words,
		      struct command_io *io, struct fmt_error *error)
{
	(void)io;
	return element_update(map, words, true, error);
}

/* Where no key can go, delete is known but not offered. */
static bool has_delete(const struct map *map)
{
	return map->key_size && map->ops->map_delete_elem &&
	       !(map->ops->flags & MAP_FIXED_KEYS);
}

static int run_delete(struct map *map, struct words *words,
		      struct command_io *io, struct fmt_error *error)
{
	struct element element;
	int res;

	(void)io;
	res = element_init_key(&element, map);
	if (res)
		return res;
	res = element_next_key(map, words, element.key, error);
	if (!res)
		res = no_more_words(words, error);
	if (!res)
		res = element_delete(map, element.key, error);
	element_release(&element);
	return res;
}

static bool has_take(const struct map *map)
{
	return map->key_size && map->ops->map_lookup_and_delete_elem;
}

/* An element that is gone and whose value nobody reads would be lost. */
static int check_answer(const struct text *answer, struct fmt_error *error)
{
	if (!answer)
		return fmt_fail(error, EPERM,
				"the file is not open for reading: what take "
				"answers would be lost");
	if (answer->len >= FMT_ANSWER_MAX)
		return fmt_fail(error, ENOBUFS,
				"%zu bytes of answers are to be read first",
				answer->len);
	return 0;
}

static void answer_value(struct text *answer, const struct map *map,
			 const void *value)
{
	element_print_value(answer, map, value);
	text_putc(answer, '\n');
}

static int run_take(struct map *map, struct words *words, struct command_io *io,
		    struct fmt_error *error)
{
	struct element element;
	int res;

	res = element_init(&element, map, error);
	if (res)
		return res;
	res = element_next_key(map, words, element.key, error);
	if (!res)
		res = no_more_words(words, error);
	if (!res)
		res = check_answer(io->answer, error);
	if (!res)
		res = text_reserve(io->answer, element_text_max(map) + 1);
	if (!res)
		res = element_take(map, element.key, element.value, error);
	if (!res)
		answer_value(io->answer, map, element.value);
	element_release(&element);
	return res;
}

static bool has_push(const struct map *map)
{
	return map->ops->map_push_elem;
}

static int run_push(struct map *map, struct words *words, struct command_io *io,
		    struct fmt_error *error)
{
	(void)io;
	if (!has_push(map))
		return element_fail(error, map, -EOPNOTSUPP);
	return element_push_words(map, words, true, error);
}

static bool is_queue(const struct map *map)
{
	return map->ops->map_pop_elem;
}

static bool is_filter(const struct map *map)
{
	return has_push(map) && !is_queue(map);
}

/* By 'get', which is a pop or a peek. */
static int answer_next(struct map *map, struct text *answer,
		       int (*get)(struct map *map, void *value),
		       struct fmt_error *error)
{
	struct element element;
	int res;

	if (!is_queue(map))
		return element_fail(error, map, -EOPNOTSUPP);
	res = check_answer(answer, error);
	if (res)
		return res;
	res = element_init(&element, map, error);
	if (res)
		return res;
	res = text_reserve(answer, element_text_max(map) + 1);
	if (!res)
		res = get(map, element.value);
	if (!res)
		answer_value(answer, map, element.value);
	else if (res == -ENOENT)
		fmt_fail(error, ENOENT, "the map is empty");
	else
		res = element_fail(error, map, res);
	element_release(&element);
	return res;
}

int command_pop(struct map *map, struct text *answer, struct fmt_error *error)
{
	return answer_next(map, answer, map_pop_elem, error);
}

/* Digits, and as many as nine behind a point.  Nanoseconds. */
static int next_seconds(struct words *words, uint64_t *ns,
			struct fmt_error *error)
{
	uint64_t unit = NSEC_PER_SEC;
	struct word word;
	size_t i = 0;
	int res = word_next(words, &word, error);

	*ns = 0;
	if (res <= 0)
		return res;
	for (; i < word.len && word.at[i] >= '0' && word.at[i] <= '9'; i++) {
		*ns = *ns * 10 + (uint64_t)(word.at[i] - '0') * NSEC_PER_SEC;
		if (*ns > WAIT_MAX)
			return fmt_fail(error, ERANGE, "seconds: at most %llu",
					WAIT_MAX / NSEC_PER_SEC);
	}
	if (i && i < word.len && word.at[i] == '.')
		for (i++; i < word.len && unit > 1 && word.at[i] >= '0' &&
			  word.at[i] <= '9';
		     i++) {
			unit /= 10;
			*ns += (uint64_t)(word.at[i] - '0') * unit;
		}
	if (!i || i < word.len)
		return fmt_fail(error, EINVAL,
				"seconds: '" WORD_FMT "' is no such number",
				WORD_ARG(&word));
	return no_more_words(words, error);
}

static int run_pop(struct map *map, struct words *words, struct command_io *io,
		   struct fmt_error *error)
{
	uint64_t ns;
	int res = next_seconds(words, &ns, error);

	if (!res)
		res = command_pop(map, io->answer, error);
	if (res != -ENOENT || !ns)
		return res;
	io->wait = ns;
	return 0;
}

static int run_peek(struct map *map, struct words *words, struct command_io *io,
		    struct fmt_error *error)
{
	int res = no_more_words(words, error);

	return res ? res : answer_next(map, io->answer, map_peek_elem, error);
}

static int run_test(struct map *map, struct words *words, struct command_io *io,
		    struct fmt_error *error)
{
	struct element element;
	int res;

	(void)io;
	if (!is_filter(map))
		return element_fail(error, map, -EOPNOTSUPP);
	res = element_init(&element, map, error);
	if (res)
		return res;
	res = element_parse_value(map, words, element.value, NULL, error);
	if (!res)
		res = element_test(map, element.value, error);
	element_release(&element);
	return res;
}

static bool has_clear(const struct map *map)
{
	return map->ops->map_clear;
}

static int run_clear(struct map *map, struct words *words,
		     struct command_io *io, struct fmt_error *error)
{
	int res = no_more_words(words, error);

	(void)io;
	if (!res)
		res = map_clear(map);
	return res ? element_fail(error, map, res) : 0;
}

static bool has_freeze(const struct map *map)
{
	(void)map;
	return true;
}

static int run_freeze(struct map *map, struct words *words,
		      struct command_io *io, struct fmt_error *error)
{
	int res = no_more_words(words, error);

	(void)io;
	if (res)
		return res;
	res = map_freeze(map);
	if (res == -EBUSY)
		return fmt_fail(error, EBUSY,
				"someone has the map open or "
				"mapped for writing");
	if (res == -EPERM)
		return fmt_fail(error, EPERM, "the map is frozen already");
	return res;
}

static const struct command {
	const char *verb;
	const char *usage;
	bool (*has)(const struct map *map);
	int (*run)(struct map *map, struct words *words, struct command_io *io,
		   struct fmt_error *error);
} commands[] = {
	{ "update", "KEY VALUE [any|noexist|exist]", has_update, run_update },
	{ "delete", "KEY", has_delete, run_delete },
	{ "take", "KEY", has_take, run_take },
	{ "push", "VALUE [any|exist]", is_queue, run_push },
	{ "push", "VALUE", is_filter, run_push },
	{ "pop", "[SECONDS]", is_queue, run_pop },
	{ "peek", "", is_queue, run_peek },
	{ "peek", "VALUE", is_filter, run_test },
	{ "clear", "", has_clear, run_clear },
	{ "freeze", "", has_freeze, run_freeze },
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

int command_run(struct map *map, const char *line, size_t len,
		struct command_io *io, struct fmt_error *error)
{
	struct words words = words_of(line, len);
	const struct command *found = NULL;
	struct word verb;
	size_t i;
	int res;

	res = word_next(&words, &verb, error);
	if (res <= 0)
		return res;
	for (i = 0; i < NCOMMANDS; i++) {
		if (!word_is(&verb, commands[i].verb))
			continue;
		found = &commands[i];
		if (found->has(map))
			break;
	}
	if (!found)
		return fmt_fail(error, EINVAL, "unknown command '" WORD_FMT "'",
				WORD_ARG(&verb));
	return found->run(map, &words, io, error);
}

void command_print_help(struct text *text, const struct map *map)
{
	size_t i;

	for (i = 0; i < NCOMMANDS; i++)
		if (commands[i].has(map))
			text_printf(text, "%s%s%s\n", commands[i].verb,
				    *commands[i].usage ? " " : "",
				    commands[i].usage);
}
