/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/node.h"

#include <errno.h>
#include <string.h>

#include "fs/dir.h"
#include "fs/file.h"

#define INO_ENTRY   (1ull << 63)
#define INO_DIR_MAX 0x7fffffffu

static uint32_t ino_dir(fuse_ino_t ino)
{
	return (uint32_t)(ino >> 32) & INO_DIR_MAX;
}

static bool key_is_index(const struct map *map)
{
	return map->key_size <= sizeof(uint32_t) &&
	       !(map->ops->flags & MAP_OF_MAPS);
}

fuse_ino_t node_ino(uint32_t dir_id, enum file_kind kind, uint32_t index)
{
	uint64_t ino = (uint64_t)dir_id << 32;

	if (file_types[kind]->keyed)
		return ino | INO_ENTRY | index;
	if (kind == KIND_ROOT)
		return FUSE_ROOT_ID;
	return ino | (uint64_t)kind << 16 | index;
}

/* A node that is named by a key, whose index is there. */
static int get_key(struct node *node)
{
	if (!node->map)
		return -ENOENT;
	if (key_is_index(node->map))
		return 0;
	node->key = keys_find(&node->fs->keys, node->dir->id, node->index);
	if (!node->key)
		return -ENOENT;
	node->ino = node->key->ino;
	node->type = file_types[node->key->kind];
	return 0;
}

int node_get(struct fs *fs, fuse_ino_t ino, struct node *node)
{
	uint32_t dir_id = ino_dir(ino);
	uint32_t kind = (uint32_t)ino >> 16;
	int err = 0;

	memset(node, 0, sizeof(*node));
	node->fs = fs;
	node->index = (uint32_t)ino & 0xffff;
	if (ino & INO_ENTRY) {
		kind = KIND_ENTRY;
		node->index = (uint32_t)ino;
	}
	if (kind >= KINDS)
		return -ENOENT;
	/* The same directory under another name: see file_ids.c. */
	if (kind == KIND_ID_MAP)
		kind = KIND_MAP;
	node->type = file_types[kind];
	if (!dir_id)
		return 0;
	node->dir = dir_get(fs, dir_id);
	if (!node->dir)
		return -ENOENT;
	node->map = atomic_load(&node->dir->map);
	if (ino & INO_ENTRY)
		err = get_key(node);
	if (err)
		node_put(node);
	return err;
}

void node_put(struct node *node)
{
	if (node->dir)
		dir_put(node->fs, node->dir);
	node->dir = NULL;
}

void node_forget(struct fs *fs, fuse_ino_t ino, uint64_t nlookup)
{
	/* Nothing is known of an index that is the key. */
	if (ino & INO_ENTRY)
		keys_drop(&fs->keys, ino_dir(ino), (uint32_t)ino, nlookup);
}

int node_set_key(struct node *node, const void *key)
{
	const struct map *map = node->map;
	int err;

	if (key_is_index(map)) {
		memcpy(&node->index, key, map->key_size);
		return 0;
	}
	err = keys_take(&node->fs->keys, node->dir->id, node_kind(node), key,
			map->key_size, &node->key);
	if (err)
		return err;
	node->index = node->key->index;
	node->ino = node->key->ino;
	return 0;
}

void node_show_key(struct node *node, const void *key)
{
	if (key_is_index(node->map))
		memcpy(&node->index, key, node->map->key_size);
	else
		node->ino = key_ino(node->dir->id, node_kind(node), key,
				    node->map->key_size);
}

void node_key(const struct node *node, void *key)
{
	if (node->key)
		key_copy(node->key, key, node->map->key_size);
	else
		memcpy(key, &node->index, node->map->key_size);
}
