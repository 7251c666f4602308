/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Node ids are arithmetic: nothing is allocated for a node, so a listing of
 * any length costs no memory, and what an id names can be told from the id.
 *
 *	bit 63		1: an element, below entries/
 *	bits 32..62	the map directory's id, 0 at the root
 *	bits 0..31	an element's index; else the kind of file in bits
 *			16..31 and, for files named by number, that number
 *
 * Map ids are never used twice, so neither are node ids: a kernel that still
 * holds the id of a file that is gone can never reach another one.  The root
 * has kind 0 and number 1, which is FUSE_ROOT_ID.
 */
#ifndef FS_NODE_H
#define FS_NODE_H

#include "fs/fs.h"

enum file_kind {
	KIND_ROOT,
	KIND_ROOT_CREATE,
	KIND_ROOT_MAPS,
	KIND_ROOT_ERROR,
	KIND_MAP,
	KIND_CREATE,
	KIND_CTL,
	KIND_INFO,
	KIND_ELEMENTS,
	KIND_ENTRIES,
	KIND_ENTRY,
	KIND_DUMP,
	KIND_PERCPU,
	KIND_PERCPU_SLOTS,
	KINDS
};

/* A node that a request is about.  Holds a reference on 'dir'. */
struct node {
	struct fs *fs;
	struct map_dir *dir; /* NULL at the root */
	struct map *map;     /* NULL at the root and unconfigured */
	const struct file_type *type;
	uint32_t index; /* element or number */
};

fuse_ino_t node_ino(uint32_t dir_id, enum file_kind kind, uint32_t index);

/* What an id names.  0; -ENOENT when it is gone or never was. */
int node_get(struct fs *fs, fuse_ino_t ino, struct node *node);
void node_put(struct node *node);

/* Id of a node in hand. */
fuse_ino_t node_id(const struct node *node);

#endif
