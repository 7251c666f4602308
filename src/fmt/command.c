/* SPDX-License-Identifier: BSD-2-Clause */
#include "fmt/command.h"

#include <errno.h>

#include "fmt/element.h"

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
	return map->ops->map_update_elem;
}

static int run_update(struct map *map, struct words *words,
		      struct fmt_error *error)
{
	return element_update(map, words, true, error);
}

/* Where no key can go, delete is known but not offered. */
static bool has_delete(const struct map *map)
{
	return map->ops->map_delete_elem && !(map->ops->flags & MAP_FIXED_KEYS);
}

static int run_delete(struct map *map, struct words *words,
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
		res = element_delete(map, element.key, error);
	element_release(&element);
	return res;
}

static bool has_clear(const struct map *map)
{
	return map->ops->map_clear;
}

static int run_clear(struct map *map, struct words *words,
		     struct fmt_error *error)
{
	int res = no_more_words(words, error);

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
		      struct fmt_error *error)
{
	int res = no_more_words(words, error);

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

static const struct {
	const char *verb;
	const char *usage;
	bool (*has)(const struct map *map);
	int (*run)(struct map *map, struct words *words,
		   struct fmt_error *error);
} commands[] = {
	{ "update", "KEY VALUE [any|noexist|exist]", has_update, run_update },
	{ "delete", "KEY", has_delete, run_delete },
	{ "clear", "", has_clear, run_clear },
	{ "freeze", "", has_freeze, run_freeze },
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

int command_run(struct map *map, const char *line, size_t len,
		struct fmt_error *error)
{
	struct words words = words_of(line, len);
	struct word verb;
	size_t i;
	int res;

	res = word_next(&words, &verb, error);
	if (res <= 0)
		return res;
	for (i = 0; i < NCOMMANDS; i++)
		if (word_is(&verb, commands[i].verb))
			return commands[i].run(map, &words, error);
	return fmt_fail(error, EINVAL, "unknown command '" WORD_FMT "'",
			WORD_ARG(&verb));
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
