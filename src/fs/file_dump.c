/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dump: the whole map as "KEY VALUE" lines; writing such lines updates.  Of
 * queues and stacks the lines are values, the oldest first, and are pushed.
 *
 * Elements are fetched in batches, so that the memory an open dump takes is
 * bounded whatever the size of the map.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fmt/element.h"
#include "fs/file.h"
#include "fs/io.h"

/* Bytes of keys and values fetched at once; one element may be larger. */
#define DUMP_BATCH 65536u

struct dump {
	uint64_t first;	  /* ordinal of the batch's first */
	uint64_t map_pos; /* where the next batch starts */
	int count;	  /* elements in the batch */
	uint32_t room;	  /* elements that fit */
	unsigned char *keys;
	unsigned char *values;
};

static int dump_alloc(struct text_file *file)
{
	const struct map *map = file->node.map;
	const uint64_t bytes = map->key_size + map_value_bytes(map);
	struct dump *dump;
	uint32_t room;
	int err = element_check_size(map, &file->error);

	if (err)
		return err;
	room = bytes < DUMP_BATCH ? (uint32_t)(DUMP_BATCH / bytes) : 1;
	dump = calloc(1, sizeof(*dump) + room * bytes);
	if (!dump)
		return -ENOMEM;
	dump->room = room;
	dump->keys = (unsigned char *)(dump + 1);
	dump->values = dump->keys + (size_t)room * map->key_size;
	file->dump = dump;
	return 0;
}

/* Make the batch hold the element of that ordinal.  1, 0 at the end. */
static int dump_fetch(struct text_file *file, uint64_t ordinal)
{
	struct dump *dump = file->dump;

	if (ordinal == 0) {
		io_sync(&file->node);
		dump->map_pos = 0;
	} else if (ordinal < dump->first + (uint64_t)dump->count) {
		return 1;
	}
	dump->first = ordinal;
	dump->count = map_seq_show_elem(file->node.map, &dump->map_pos,
					dump->keys, dump->values, dump->room);
	if (dump->count < 0)
		return element_fail(&file->error, file->node.map, dump->count);
	return dump->count > 0;
}

static int dump_show(void *arg, uint64_t pos, uint64_t *next, struct text *text)
{
	struct text_file *file = arg;
	const struct map *map = file->node.map;
	struct dump *dump;
	uint64_t at;
	int res;

	res = file->dump ? 0 : dump_alloc(file);
	if (res)
		return res;
	res = dump_fetch(file, pos);
	if (res <= 0) {
		file->dump->count = 0;
		return res;
	}
	dump = file->dump;
	at = pos - dump->first;
	if (map->key_size) {
		element_print_key(text, map, dump->keys + at * map->key_size);
		text_putc(text, ' ');
	}
	element_print_value(text, map,
			    dump->values + at * map_value_bytes(map));
	text_putc(text, '\n');
	*next = pos + 1;
	return 1;
}

static int dump_line(struct text_file *file, const char *line, size_t len,
		     struct fmt_error *error)
{
	struct words words = words_of(line, len);
	struct words rest = words;
	struct word word;
	int res;

	res = word_next(&rest, &word, error);
	if (res <= 0)
		return res;
	return file->node.map->key_size ?
		       element_update(file->node.map, &words, false, error) :
		       element_push_words(file->node.map, &words, false, error);
}

static void dump_release(struct text_file *file)
{
	free(file->dump);
}

static bool has_dump(const struct map *map)
{
	return map && map->ops->map_seq_show_elem;
}

const struct file_type dump_file = {
	.name = "dump",
	.in = KIND_MAP,
	.mode = S_IFREG | 0666,
	.applies = has_dump,
	.show = dump_show,
	.line = dump_line,
	.line_max = element_line_max,
	.release = dump_release,
};
