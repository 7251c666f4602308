/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * entries/: a file of text for each element, named by its key; in a map of
 * maps, a link.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "fmt/element.h"
#include "fs/file.h"
#include "fs/io.h"

/* Characters of a file's name: NAME_MAX. */
#define NAME_CHARS 255u

static bool has_entries(const struct map *map)
{
	return map && map->ops->map_seq_show_elem && map->key_size &&
	       !(map->ops->flags & MAP_PREFIXES);
}

/*
 * Room for a key, and the key that a name is.  To be released unless it
 * fails.  Every form of a key that is accepted as input names its file.
 */
static int parse_name(struct element *element, const struct node *node,
		      const char *name, struct fmt_error *error)
{
	struct word word = { name, strlen(name) };
	int err = element_init_key(element, node->map);

	if (err)
		return err;
	err = element_parse_key(node->map, &word, element->key, error);
	if (err)
		element_release(element);
	return err;
}

static int entries_lookup(const struct node *node, const char *name,
			  struct node *child)
{
	struct element element;
	int err = parse_name(&element, node, name, NULL);

	if (err)
		return err == -ENOMEM ? err : -ENOENT;
	err = map_lookup_elem_sys_only(node->map, element.key, NULL);
	if (node->map->ops->flags & MAP_OF_MAPS)
		child->type = &slot_link;
	if (!err)
		err = node_set_key(child, element.key);
	element_release(&element);
	return err;
}

/* Can this map's keys be names as they are printed? */
static bool is_listed(const struct map *map)
{
	return map->key_size <= NAME_CHARS / 2;
}

static int entries_next(const struct node *node, uint64_t *pos,
			struct node *child, struct text *name)
{
	_Alignas(8) unsigned char key[NAME_CHARS / 2];
	int res;

	if (!is_listed(node->map))
		return 0;
	res = map_seq_show_elem(node->map, pos, key, NULL, 1);
	if (res <= 0)
		return res;
	element_print_key(name, node->map, key);
	if (node->map->ops->flags & MAP_OF_MAPS)
		child->type = &slot_link;
	node_show_key(child, key);
	return res;
}

/* Can the key, which is not there, come to be? */
static int check_room(struct map *map, struct fmt_error *error)
{
	if (map->ops->flags & MAP_FIXED_KEYS)
		return element_fail(error, map, -E2BIG);
	return map_frozen(map) ? element_fail(error, map, -EPERM) : 0;
}

/*
 * Nothing is made yet: the element comes with the first line written, or not
 * at all.
 */
static int entries_create(const struct node *node, const char *name, int flags,
			  struct node *child, struct fmt_error *error)
{
	struct map *map = node->map;
	struct element element;
	int err = parse_name(&element, node, name, error);

	if (err)
		return err;
	/* Somebody may have made it since the kernel's LOOKUP. */
	err = map_lookup_elem_sys_only(map, element.key, NULL);
	if (!err && (flags & O_EXCL))
		err = element_fail(error, map, -EEXIST);
	else if (err == -ENOENT)
		err = check_room(map, error);
	if (!err)
		err = node_set_key(child, element.key);
	element_release(&element);
	return err;
}

static int entries_remove(const struct node *node, const char *name,
			  struct fmt_error *error)
{
	struct element element;
	int err = parse_name(&element, node, name, error);

	if (err)
		return err;
	err = element_delete(node->map, element.key, error);
	element_release(&element);
	return err;
}

/* Links lead out of entries and of the map, to another map of the mount. */
#define UP "../../"

/* The name of a map in a link's target: between UP and slashes. */
static bool target_name(const char *target, struct word *name)
{
	size_t len = strlen(target);

	if (strncmp(target, UP, strlen(UP)) != 0)
		return false;
	name->at = target + strlen(UP);
	name->len = len - strlen(UP);
	while (name->len && name->at[name->len - 1] == '/')
		name->len--;
	return name->len;
}

static int entries_symlink(const struct node *node, const char *name,
			   const char *target, struct fmt_error *error)
{
	struct words words;
	struct element element;
	struct word word;
	int err;

	if (!target_name(target, &word))
		return fmt_fail(error, EINVAL,
				"a link here is to " UP "NAME, a map of this "
				"mount");
	words = words_of(word.at, word.len);
	err = element_init(&element, node->map, error);
	if (err)
		return err;
	word = (struct word){ name, strlen(name) };
	err = element_parse_key(node->map, &word, element.key, error);
	if (!err)
		err = element_parse_value(node->map, &words, element.value,
					  NULL, error);
	if (!err) {
		err = map_update_elem(node->map, element.key, element.value,
				      BPF_ANY);
		if (err)
			element_fail_update(error, node->map, BPF_ANY, err);
	}
	element_release(&element);
	return err;
}

static int slot_target(const struct node *node, struct text *target)
{
	struct element element;
	int err = element_init(&element, node->map, NULL);

	if (err)
		return err;
	node_key(node, element.key);
	err = map_lookup_elem_sys_only(node->map, element.key, element.value);
	if (!err) {
		text_puts(target, UP);
		element_print_value(target, node->map, element.value);
	}
	element_release(&element);
	return err;
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
	node_key(node, element.key);
	err = element_lookup(node->map, element.key, element.value,
			     &file->error);
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
		node_key(node, element.key);
		err = map_update_elem(node->map, element.key, element.value,
				      file->flags);
		if (err)
			element_fail_update(error, node->map, file->flags, err);
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
	.symlink = entries_symlink,
	.remove = entries_remove,
};

/* The child of a map of maps, where the other is what open(2) makes. */
const struct file_type slot_link = {
	.in = KIND_ENTRIES,
	.keyed = true,
	.mode = S_IFLNK | 0777,
	.link = slot_target,
};

const struct file_type entry_file = {
	.in = KIND_ENTRIES,
	.keyed = true,
	.mode = S_IFREG | 0666,
	.show = entry_show,
	.line = entry_line,
	.line_max = element_line_max,
};
