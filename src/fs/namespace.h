/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FS_NAMESPACE_H
#define FS_NAMESPACE_H

#include <sys/stat.h>

#include "fmt/text.h"
#include "fs/node.h"

/* Bytes of a symbolic link's target at most. */
#define LINK_MAX_LEN 64

/* Is it a symbolic link?  In IO_SYMLINK, data files are, to their memory. */
bool node_is_link(const struct node *node);
/* The target of one, without a zero byte.  0 or an errno. */
int node_readlink(const struct node *node, struct text *target);

void node_stat(const struct node *node, struct stat *st);
double node_attr_timeout(const struct node *node); /* seconds */

/* LOOKUP's reply for a node. */
void node_entry(const struct node *node, struct fuse_entry_param *entry);

/*
 * Find a name in a directory.  0: *child holds a reference, and is taken for
 * a reply as node_set_key says.  -ENOENT.
 */
int node_lookup(const struct node *dir, const char *name, struct node *child);

/*
 * The file that open(2) with these flags, among them O_CREAT, makes in a
 * directory whose type can.  As node_lookup; the error is the type's.
 */
int node_create(const struct node *dir, const char *name, int flags,
		struct node *child, struct fmt_error *error);

/*
 * The file at *pos of a listing, its name into 'name'; *pos moves on.  1:
 * *child holds a reference.  0 at the end.  A child whose name the kernel may
 * not keep is good for node_stat alone.
 */
int node_list(const struct node *dir, uint64_t *pos, struct node *child,
	      struct text *name);

/* Owner or mode of the node's directory changed: the kernel must ask anew. */
void node_access_changed(const struct node *node);

#endif
