/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * by-id, in the root and not listed there: a file for each map, named by its
 * id.  Where the map has a name that is a link to it.  Where its name is gone
 * and a slot of a map of maps holds it, it is the map's directory.  The
 * directory has a node of its own: to the kernel the one that was removed stays
 * dead.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "fmt/word.h"
#include "fs/dir.h"
#include "fs/file.h"
#include "fs/space.h"

/* The child of a directory whose reference is given away. */
static void set_child(struct node *child, struct map_dir *dir)
{
	bool linked = dir->linked;

	child->dir = dir;
	child->map = atomic_load(&dir->map);
	child->type = linked ? &id_link : &id_map_dir;
	if (!linked)
		child->ino = node_ino(dir->id, KIND_MAP, 0);
}

static int ids_lookup(const struct node *node, const char *name,
		      struct node *child)
{
	struct map_dir *dir;
	uint32_t id;

	if (space_parse_id(name, strlen(name), &id))
		return -ENOENT;
	dir = dir_get(node->fs, id);
	if (!dir)
		return -ENOENT;
	if (!dir_is_shown(dir)) {
		dir_put(node->fs, dir);
		return -ENOENT;
	}
	set_child(child, dir);
	return 0;
}

static int ids_next(const struct node *node, uint64_t *pos, struct node *child,
		    struct text *name)
{
	uint32_t id = (uint32_t)*pos;
	struct map_dir *dir = dir_get_next(node->fs, &id, true);

	if (!dir)
		return 0;
	text_printf(name, "%u", id);
	set_child(child, dir);
	*pos = id;
	return 1;
}

static int id_target(const struct node *node, struct text *target)
{
	char name[MAP_NAME_LEN];

	dir_name(node->dir, name);
	if (!*name)
		return -ENOENT;
	text_printf(target, "../%s", name);
	return 0;
}

const struct file_type ids_dir = {
	.name = SPACE_IDS,
	.in = KIND_ROOT,
	.hidden = true,
	.mode = S_IFDIR | 0555,
	.child = KIND_ID_LINK,
	.lookup = ids_lookup,
	.next = ids_next,
};

const struct file_type id_link = {
	.in = KIND_IDS,
	.fleeting = true,
	.mode = S_IFLNK | 0777,
	.link = id_target,
};

const struct file_type id_map_dir = {
	.in = KIND_IDS,
	.fleeting = true,
	.mode = S_IFDIR | 0777,
};
