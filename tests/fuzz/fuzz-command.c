/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command_run on the lines of an input, each on a small array, a small hash
 * and their per-CPU kin.  A command that fails changes nothing, one that
 * answers has taken what it tells, and what is in the map afterwards can be
 * printed and taken back.
 */
#include <errno.h>
#include <string.h>

#include "core/topology.h"
#include "fmt/command.h"
#include "fmt/element.h"
#include "fuzz.h"

#define ENTRIES 4u

/*
 * A map, and what it holds before and after a command: for each key that there
 * can be, whether it is there, and its value.
 */
struct target {
	struct map_attr attr;
	uint32_t nkeys;
	struct map *map;
	size_t bytes; /* of a snapshot */
	unsigned char *before;
	unsigned char *after;
	struct text answer;
	char *line; /* room for a printed value */
	size_t line_size;
};

#define TARGET(type, key, value, keys)              \
	{                                           \
		.attr = { .map_type = (type),       \
			  .key_size = (key),        \
			  .value_size = (value),    \
			  .max_entries = ENTRIES }, \
		.nkeys = (keys),                    \
	}

static struct target targets[] = {
	TARGET(BPF_MAP_TYPE_ARRAY, 4, 4, ENTRIES),
	TARGET(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 5, ENTRIES),
	TARGET(BPF_MAP_TYPE_HASH, 1, 4, 256),
	TARGET(BPF_MAP_TYPE_PERCPU_HASH, 1, 5, 256),
};

#define NTARGETS (sizeof(targets) / sizeof(targets[0]))

/* Empty and not frozen: one input must not spoil the next. */
static void target_renew(struct target *t)
{
	struct charge charge = { 0 };

	t->answer.len = 0;
	if (t->map && !map_frozen(t->map)) {
		FUZZ_CHECK(map_clear(t->map) == 0);
		return;
	}
	if (t->map)
		map_put(t->map);
	map_free_wait();
	FUZZ_CHECK(map_create(&t->attr, &charge, NULL, &t->map) == 0);
	if (t->before)
		return;
	t->bytes = t->nkeys * (1 + map_value_bytes(t->map));
	t->line_size = element_text_max(t->map);
	t->before = malloc(t->bytes);
	t->after = malloc(t->bytes);
	t->line = malloc(t->line_size);
	FUZZ_CHECK(t->before && t->after && t->line);
}

static unsigned char *at_key(const struct target *t, unsigned char *bytes,
			     uint32_t key)
{
	return bytes + key * (1 + map_value_bytes(t->map));
}

static void read_all(struct target *t, unsigned char *bytes)
{
	uint32_t key;

	memset(bytes, 0, t->bytes);
	for (key = 0; key < t->nkeys; key++) {
		unsigned char *at = at_key(t, bytes, key);
		int err = map_lookup_elem_sys_only(t->map, &key, at + 1);

		FUZZ_CHECK(!err || err == -ENOENT);
		*at = !err;
	}
}

/* The value as text, in t->line. */
static size_t print(struct target *t, const unsigned char *value)
{
	struct text text = { t->line, t->line_size, 0 };

	element_print_value(&text, t->map, value);
	FUZZ_CHECK(!text_overflown(&text));
	return text.len;
}

static void check_text(struct target *t)
{
	struct element element;
	struct words words;
	uint32_t key;

	FUZZ_CHECK(element_init(&element, t->map, NULL) == 0);
	for (key = 0; key < t->nkeys; key++) {
		const unsigned char *at = at_key(t, t->after, key);

		if (!*at)
			continue;
		words = words_of(t->line, print(t, at + 1));
		FUZZ_CHECK(element_parse_value(t->map, &words, element.value,
					       NULL, NULL) == 0);
		FUZZ_CHECK(memcmp(element.value, at + 1,
				  map_value_bytes(t->map)) == 0);
	}
	element_release(&element);
}

/* One element has gone, and 'answer' is what it was. */
static void check_answer(struct target *t, const char *answer, size_t len)
{
	unsigned char *gone = NULL;
	uint32_t key;

	for (key = 0; key < t->nkeys; key++) {
		unsigned char *at = at_key(t, t->before, key);

		if (*at == *at_key(t, t->after, key))
			continue;
		FUZZ_CHECK(!gone && *at);
		gone = at;
	}
	FUZZ_CHECK(gone);
	FUZZ_CHECK(len == print(t, gone + 1) + 1);
	FUZZ_CHECK(memcmp(answer, t->line, len - 1) == 0);
	FUZZ_CHECK(answer[len - 1] == '\n');
	memcpy(at_key(t, t->after,
		      (uint32_t)((gone - t->before) /
				 (1 + map_value_bytes(t->map)))),
	       gone, 1 + map_value_bytes(t->map));
	FUZZ_CHECK(memcmp(t->before, t->after, t->bytes) == 0);
}

static void run(struct target *t, const char *line, size_t len)
{
	struct fmt_error error = { "" };
	bool was_frozen = map_frozen(t->map);
	struct command_io io = { .answer = &t->answer };
	size_t answered = t->answer.len;
	int err;

	read_all(t, t->before);
	err = command_run(t->map, line, len, &io, &error);
	read_all(t, t->after);
	FUZZ_CHECK(err <= 0);
	FUZZ_CHECK(!err == !error.msg[0]);
	if (err || was_frozen) {
		FUZZ_CHECK(memcmp(t->before, t->after, t->bytes) == 0);
		FUZZ_CHECK(t->answer.len == answered);
	}
	FUZZ_CHECK(!was_frozen || map_frozen(t->map));
	FUZZ_CHECK(map_used_entries(t->map) <= ENTRIES);
	check_text(t);
	if (t->answer.len > answered)
		check_answer(t, t->answer.buf + answered,
			     t->answer.len - answered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = (const char *)data;
	const char *end = line + size;
	const char *newline;
	size_t i;

	for (i = 0; i < NTARGETS; i++)
		target_renew(&targets[i]);
	while (line < end) {
		newline = memchr(line, '\n', (size_t)(end - line));
		if (!newline)
			newline = end;
		for (i = 0; i < NTARGETS; i++)
			run(&targets[i], line, (size_t)(newline - line));
		line = newline + 1;
	}
	return 0;
}
