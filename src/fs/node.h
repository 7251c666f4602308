/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Node ids are arithmetic: nothing is allocated for a node, so a listing of
 * any length costs no memory, and what an id names can be told from the id.
 *
 *	bit 63		1: a file that is named by a key, below entries/
 *	bits 32..62	the map directory's id, 0 at the root
 *	bits 0..31	that file's index; else the kind of file in bits
 *			16..31 and, for files named by number, that number
 *
 * The index of an element is its key, where that has at most 4 bytes.  Longer
 * keys get one while the kernel knows of them, for each kind of file that is
 * named by them: see keys.h.  So do those of maps of maps, where a key names a
 * link and a file.
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
	KIND_IDS,
	KIND_MAP,
	KIND_ID_LINK,
	KIND_ID_MAP,
	KIND_CREATE,
	KIND_CTL,
	KIND_INFO,
	KIND_ELEMENTS,
	KIND_RECORDS,
	KIND_REGION,
	KIND_PAGES,
	KIND_STREAM,
	KIND_PUSH,
	KIND_POP,
	KIND_PEEK,
	KIND_FILTER_PEEK,
	KIND_ENTRIES,
	KIND_ENTRY,
	KIND_SLOT,
	KIND_ADDRESSES,
	KIND_PREFIXES,
	KIND_LOOKUP,
	KIND_MATCH,
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
	uint32_t index;	       /* element or number */
	const struct key *key; /* of the element, unless the index is it */
	uint64_t ino;	       /* for stat(2), 0: the id */
};

fuse_ino_t node_ino(uint32_t dir_id, enum file_kind kind, uint32_t index);

/* What an id names.  0; -ENOENT when it is gone or never was. */
int node_get(struct fs *fs, fuse_ino_t ino, struct node *node);
void node_put(struct node *node);

/* Kind of a node in hand, and its id. */
enum file_kind node_kind(const struct node *node);
fuse_ino_t node_id(const struct node *node);

/* FORGET: the kernel drops what it got by 'nlookup' replies. */
void node_forget(struct fs *fs, fuse_ino_t ino, uint64_t nlookup);

/*
 * Make a node with index 0 the one of its type that has this key.  It counts as
 * a reply for node_forget, so one must follow.  0 or -ENOMEM.
 */
int node_set_key(struct node *node, const void *key);
/* The same for node_stat alone: no reply is to follow. */
void node_show_key(struct node *node, const void *key);
/* The key of an element, key_size bytes. */
void node_key(const struct node *node, void *key);

#endif
