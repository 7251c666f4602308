/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/node.h"

#include <errno.h>

#include "fs/dir.h"
#include "fs/file.h"

#define INO_ENTRY (1ull << 63)

fuse_ino_t node_ino(uint32_t dir_id, enum file_kind kind, uint32_t index)
{
	uint64_t ino = (uint64_t)dir_id << 32;

	if (kind == KIND_ENTRY)
		return ino | INO_ENTRY | index;
	if (kind == KIND_ROOT)
		return FUSE_ROOT_ID;
	return ino | (uint64_t)kind << 16 | index;
}

int node_get(struct fs *fs, fuse_ino_t ino, struct node *node)
{
	uint32_t dir_id = (uint32_t)(ino >> 32) & 0x7fffffff;
	uint32_t kind = (uint32_t)ino >> 16;

	node->fs = fs;
	node->dir = NULL;
	node->map = NULL;
	node->index = (uint32_t)ino & 0xffff;
	if (ino & INO_ENTRY) {
		kind = KIND_ENTRY;
		node->index = (uint32_t)ino;
	}
	if (kind >= KINDS)
		return -ENOENT;
	node->type = file_types[kind];
	if (!dir_id)
		return 0;
	node->dir = dir_get(fs, dir_id);
	if (!node->dir)
		return -ENOENT;
	node->map = atomic_load(&node->dir->map);
	return 0;
}

void node_put(struct node *node)
{
	if (node->dir)
		dir_put(node->fs, node->dir);
	node->dir = NULL;
}
