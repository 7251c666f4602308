/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FS_NAMESPACE_H
#define FS_NAMESPACE_H

#include <sys/stat.h>

#include "fmt/text.h"
#include "fs/node.h"

/* Is the data file a symbolic link to its memory?  See IO_SYMLINK. */
bool node_is_link(const struct node *node);

void node_stat(const struct node *node, struct stat *st);
double node_attr_timeout(const struct node *node); /* seconds */

/* LOOKUP's reply for a node. */
void node_entry(const struct node *node, struct fuse_entry_param *entry);

/* Find a name in a directory.  0: *child holds a reference.  -ENOENT. */
int node_lookup(const struct node *dir, const char *name, struct node *child);

/*
 * The file at *pos of a listing, its name into 'name'; *pos moves on.  1:
 * *child holds a reference.  0 at the end.
 */
int node_list(const struct node *dir, uint64_t *pos, struct node *child,
	      struct text *name);

/* Owner or mode of the node's directory changed: the kernel must ask anew. */
void node_access_changed(const struct node *node);

#endif
