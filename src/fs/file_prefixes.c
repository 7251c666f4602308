/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * entries/ and lookup/ of a map whose keys are prefixes.  A name cannot hold
 * the '/' of 10.1.0.0/16, so entries/10.1.0.0 is a directory, and 16 a file of
 * text in it, like any other entry.
 *
 * Every address has a directory when it is looked up, so that a first prefix
 * can be made in it; those that hold prefixes are listed.  A prefix is listed
 * at the address whose bits behind it are zero, and found at all that it
 * contains.
 *
 * lookup/ADDRESS is the longest prefix that contains the address.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "fmt/element.h"
#include "fmt/prefix.h"
#include "fs/file.h"
#include "fs/io.h"

/* Characters of a file's name: NAME_MAX. */
#define NAME_CHARS 255u

/* A key as bpf(2) has it; of a directory, length 0 and the address. */
struct prefix {
	uint32_t length;
	unsigned char address[LPM_KEY_MAX - 4];
};

static bool has_prefixes(const struct map *map)
{
	return map && map->ops->flags & MAP_PREFIXES;
}

static size_t address_bytes(const struct map *map)
{
	return map->key_size - sizeof(uint32_t);
}

/* Zero the bits behind the length.  Were they zero? */
static bool trim(const struct map *map, struct prefix *prefix)
{
	size_t byte = prefix->length / 8;
	unsigned char behind = (unsigned char)(0xff >> prefix->length % 8);
	bool zero = true;

	for (; byte < address_bytes(map); byte++, behind = 0xff) {
		zero = zero && !(prefix->address[byte] & behind);
		prefix->address[byte] &= (unsigned char)~behind;
	}
	return zero;
}

static int parse_address(const struct map *map, const char *name,
			 struct prefix *prefix)
{
	struct word word = { name, strlen(name) };

	prefix->length = 0;
	return prefix_parse_address(&word, address_bytes(map), prefix->address,
				    NULL);
}

static int addresses_lookup(const struct node *node, const char *name,
			    struct node *child)
{
	struct prefix prefix;

	if (parse_address(node->map, name, &prefix))
		return -ENOENT;
	return node_set_key(child, &prefix);
}

/*
 * The next prefix in the map at or behind *pos, with the bits behind it
 * zeroed; *pos moves behind it.
 */
static int next_prefix(struct map *map, uint64_t *pos, struct prefix *prefix)
{
	int res = map_seq_show_elem(map, pos, prefix, NULL, 1);

	if (res > 0)
		trim(map, prefix);
	return res;
}

/* Prefixes of one address follow each other: it is listed once. */
static int addresses_next(const struct node *node, uint64_t *pos,
			  struct node *child, struct text *name)
{
	const struct map *map = node->map;
	struct prefix prefix;
	struct prefix other;
	uint64_t behind;
	int res;

	if (address_bytes(map) > NAME_CHARS / 2)
		return 0;
	res = next_prefix(node->map, pos, &prefix);
	if (res <= 0)
		return res;
	for (behind = *pos; next_prefix(node->map, &behind, &other) > 0;
	     *pos = behind)
		if (memcmp(prefix.address, other.address, address_bytes(map)) !=
		    0)
			break;
	prefix.length = 0;
	prefix_print_address(name, address_bytes(map), prefix.address);
	node_show_key(child, &prefix);
	return 1;
}

static int parse_length(const struct node *node, const char *name,
			struct prefix *prefix, struct fmt_error *error)
{
	struct word word = { name, strlen(name) };

	node_key(node, prefix);
	return prefix_parse_length(&word, address_bytes(node->map),
				   &prefix->length, error);
}

static int prefixes_lookup(const struct node *node, const char *name,
			   struct node *child)
{
	struct prefix prefix;
	int err;

	if (parse_length(node, name, &prefix, NULL))
		return -ENOENT;
	err = map_lookup_exact(node->map, &prefix, NULL);
	return err ? err : node_set_key(child, &prefix);
}

/* The position is the length. */
static int prefixes_next(const struct node *node, uint64_t *pos,
			 struct node *child, struct text *name)
{
	struct map *map = node->map;
	struct prefix prefix;
	struct prefix trimmed;

	node_key(node, &prefix);
	for (; *pos <= 8 * address_bytes(map); (*pos)++) {
		prefix.length = (uint32_t)*pos;
		trimmed = prefix;
		if (!trim(map, &trimmed) ||
		    map_lookup_exact(map, &prefix, NULL))
			continue;
		text_u64(name, prefix.length);
		node_show_key(child, &prefix);
		(*pos)++;
		return 1;
	}
	return 0;
}

/*
 * Nothing is made yet: the element comes with the first line written, or not
 * at all.
 */
static int prefixes_create(const struct node *node, const char *name, int flags,
			   struct node *child, struct fmt_error *error)
{
	struct map *map = node->map;
	struct prefix prefix;
	int err = parse_length(node, name, &prefix, error);

	if (err)
		return err;
	/* Somebody may have made it since the kernel's LOOKUP. */
	err = map_lookup_exact(map, &prefix, NULL);
	if (!err && (flags & O_EXCL))
		return element_fail(error, map, -EEXIST);
	if (err == -ENOENT)
		err = map_frozen(map) ? element_fail(error, map, -EPERM) : 0;
	return err ? err : node_set_key(child, &prefix);
}

static int prefixes_remove(const struct node *node, const char *name,
			   struct fmt_error *error)
{
	struct prefix prefix;
	int err = parse_length(node, name, &prefix, error);

	return err ? err : element_delete(node->map, &prefix, error);
}

static int lookups_lookup(const struct node *node, const char *name,
			  struct node *child)
{
	struct prefix prefix;
	int err;

	if (parse_address(node->map, name, &prefix))
		return -ENOENT;
	prefix.length = 8 * (uint32_t)address_bytes(node->map);
	err = map_lookup_elem_sys_only(node->map, &prefix, NULL);
	return err ? err : node_set_key(child, &prefix);
}

/* Any address is there, and none is listed. */
static int lookups_next(const struct node *node, uint64_t *pos,
			struct node *child, struct text *name)
{
	(void)node;
	(void)pos;
	(void)child;
	(void)name;
	return 0;
}

static int match_show(void *arg, uint64_t pos, uint64_t *next,
		      struct text *text)
{
	struct text_file *file = arg;
	struct map *map = file->node.map;
	struct element element;
	struct prefix match;
	int err;

	if (pos)
		return 0;
	err = element_init(&element, map, &file->error);
	if (err)
		return err;
	node_key(&file->node, element.key);
	err = map_lookup_match(map, element.key, &match, element.value);
	if (err)
		err = element_fail(&file->error, map, err);
	if (!err) {
		element_print_value(text, map, element.value);
		text_putc(text, '\n');
		element_print_key(text, map, &match);
		text_putc(text, '\n');
		*next = 1;
	}
	element_release(&element);
	return err ? err : 1;
}

const struct file_type addresses_dir = {
	.name = "entries",
	.in = KIND_MAP,
	.mode = S_IFDIR | 0777,
	.applies = has_prefixes,
	.child = KIND_PREFIXES,
	.lookup = addresses_lookup,
	.next = addresses_next,
};

const struct file_type prefixes_dir = {
	.in = KIND_ADDRESSES,
	.mode = S_IFDIR | 0777,
	.keyed = true,
	.child = KIND_ENTRY,
	.lookup = prefixes_lookup,
	.next = prefixes_next,
	.create = prefixes_create,
	.remove = prefixes_remove,
};

const struct file_type lookup_dir = {
	.name = "lookup",
	.in = KIND_MAP,
	.mode = S_IFDIR | 0777,
	.applies = has_prefixes,
	.child = KIND_MATCH,
	.lookup = lookups_lookup,
	.next = lookups_next,
};

const struct file_type match_file = {
	.in = KIND_LOOKUP,
	.mode = S_IFREG | 0444,
	.keyed = true,
	.show = match_show,
};
