/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command_run on the lines of an input, each on a small array and a small
 * per-CPU array.  A command that fails changes nothing, and what is in the map
 * afterwards can be printed and taken back.
 */
#include <errno.h>
#include <string.h>

#include "core/topology.h"
#include "fmt/command.h"
#include "fmt/element.h"
#include "fuzz.h"

#define ENTRIES 4u

/* A map, and the bytes of its elements file before and after a command. */
struct target {
	struct map_attr attr;
	struct map *map;
	size_t bytes;
	unsigned char *before;
	unsigned char *after;
	char *line; /* room for a printed value */
	size_t line_size;
};

static struct target targets[] = {
	{ .attr = { .map_type = BPF_MAP_TYPE_ARRAY,
		    .key_size = 4,
		    .value_size = 4,
		    .max_entries = ENTRIES } },
	{ .attr = { .map_type = BPF_MAP_TYPE_PERCPU_ARRAY,
		    .key_size = 4,
		    .value_size = 5,
		    .max_entries = ENTRIES } },
};

#define NTARGETS (sizeof(targets) / sizeof(targets[0]))

/* Empty and not frozen: one input must not spoil the next. */
static void target_renew(struct target *t)
{
	struct charge charge = { 0 };

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
	t->bytes = ENTRIES * map_value_bytes(t->map);
	t->line_size = 24 * (size_t)map_value_slots(t->map);
	t->before = malloc(t->bytes);
	t->after = malloc(t->bytes);
	t->line = malloc(t->line_size);
	FUZZ_CHECK(t->before && t->after && t->line);
}

static void read_all(struct target *t, unsigned char *bytes)
{
	FUZZ_CHECK(map_read(t->map, bytes, t->bytes, 0) == (ssize_t)t->bytes);
}

static void check_text(struct target *t)
{
	struct text text = { t->line, t->line_size, 0 };
	struct element element;
	struct words words;
	uint32_t i;

	FUZZ_CHECK(element_init(&element, t->map, NULL) == 0);
	for (i = 0; i < ENTRIES; i++) {
		const unsigned char *value =
			t->after + i * map_value_bytes(t->map);

		text.len = 0;
		element_print_value(&text, t->map, value);
		FUZZ_CHECK(!text_overflown(&text));
		words = words_of(t->line, text.len);
		FUZZ_CHECK(element_parse_value(t->map, &words, element.value,
					       NULL, NULL) == 0);
		FUZZ_CHECK(memcmp(element.value, value,
				  map_value_bytes(t->map)) == 0);
	}
	element_release(&element);
}

static void run(struct target *t, const char *line, size_t len)
{
	struct fmt_error error = { "" };
	bool was_frozen = map_frozen(t->map);
	int err;

	read_all(t, t->before);
	err = command_run(t->map, line, len, &error);
	read_all(t, t->after);
	FUZZ_CHECK(err <= 0);
	FUZZ_CHECK(!err == !error.msg[0]);
	if (err || was_frozen)
		FUZZ_CHECK(memcmp(t->before, t->after, t->bytes) == 0);
	FUZZ_CHECK(!was_frozen || map_frozen(t->map));
	check_text(t);
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
