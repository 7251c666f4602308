/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * entries/: a file of text for each element, named by its key.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "fmt/element.h"
#include "fs/file.h"
#include "fs/io.h"

/* An index of four bytes is a node's whole identity: see node.h. */
static bool has_entries(const struct map *map)
{
	return map && map->ops->map_seq_show_elem &&
	       map->key_size == sizeof(uint32_t);
}

static int name_to_index(const struct node *node, const char *name,
			 uint32_t *index, struct fmt_error *error)
{
	struct word word = { name, strlen(name) };

	return element_parse_key(node->map, &word, index, error);
}

/* Every form of a key that is accepted as input names its file. */
static int entries_lookup(const struct node *node, const char *name,
			  uint32_t *index)
{
	if (name_to_index(node, name, index, NULL))
		return -ENOENT;
	return *index < node->map->max_entries ? 0 : -ENOENT;
}

static int entries_next(const struct node *node, uint64_t *pos, uint32_t *index,
			struct text *name)
{
	int res = map_seq_show_elem(node->map, pos, index, NULL, 1);

	if (res > 0)
		element_print_key(name, node->map, index);
	return res;
}

/* Only keys that can never exist get here. */
static int entries_create(const struct node *node, const char *name,
			  struct fmt_error *error)
{
	uint32_t index;
	int err = name_to_index(node, name, &index, error);

	return err ? err : element_fail(error, node->map, -E2BIG);
}

static int entries_remove(const struct node *node, const char *name,
			  struct fmt_error *error)
{
	uint32_t index;
	int err = name_to_index(node, name, &index, error);

	return err ? err : element_delete(node->map, &index, error);
}

static int entry_show(void *arg, uint64_t pos, uint64_t *next,
		      struct text *text)
{
	struct text_file *file = arg;
	const struct node *node = &file->node;
	struct element element;
	int err;

	if (pos)
		return 0;
	err = element_init(&element, node->map, &file->error);
	if (err)
		return err;
	io_sync(node);
	err = map_lookup_elem_sys_only(node->map, &node->index, element.value);
	if (!err) {
		element_print_value(text, node->map, element.value);
		text_putc(text, '\n');
		*next = 1;
	}
	element_release(&element);
	return err ? err : 1;
}

static int entry_line(struct text_file *file, const char *line, size_t len,
		      struct fmt_error *error)
{
	const struct node *node = &file->node;
	struct words words = words_of(line, len);
	struct element element;
	int err;

	err = element_init(&element, node->map, error);
	if (err)
		return err;
	err = element_parse_value(node->map, &words, element.value, NULL,
				  error);
	if (!err) {
		err = map_update_elem(node->map, &node->index, element.value,
				      BPF_ANY);
		if (err)
			element_fail(error, node->map, err);
	}
	element_release(&element);
	return err;
}

size_t element_line_max(const struct map *map)
{
	uint64_t value = map_value_bytes(map);

	if (value > FMT_VALUE_MAX)
		value = FMT_VALUE_MAX;
	/* \xHH for every byte, or 20 digits and a blank for one. */
	return 64 + 4 * (size_t)map->key_size + 22 * map_value_slots(map) +
	       4 * (size_t)value;
}

const struct file_type entries_dir = {
	.name = "entries",
	.in = KIND_MAP,
	.mode = S_IFDIR | 0777,
	.applies = has_entries,
	.child = KIND_ENTRY,
	.lookup = entries_lookup,
	.next = entries_next,
	.create = entries_create,
	.remove = entries_remove,
};

const struct file_type entry_file = {
	.in = KIND_ENTRIES,
	.mode = S_IFREG | 0666,
	.show = entry_show,
	.line = entry_line,
	.line_max = element_line_max,
};
