/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How data files reach their memory: see enum io_mode.  The mode is settled
 * once, at the mount's first request, when the kernel can be asked whether it
 * accepts a memory object.
 */
#ifndef FS_IO_H
#define FS_IO_H

#include "fmt/text.h"
#include "fs/dir.h"
#include "fs/node.h"

/* "passthrough" and so on; IO_AUTO for a name that is none. */
const char *io_mode_name(enum io_mode mode);
enum io_mode io_mode_by_name(const char *name);

/* In the init handler. */
void io_negotiate(struct fs *fs, struct fuse_conn_info *conn);

/*
 * The mode in force.  Any request may be the first to ask.  IO_AUTO: the mode
 * asked for is not to be had, and the mount must end.
 */
enum io_mode io_settle(struct fs *fs, fuse_req_t req);

/*
 * Before OPEN of a data file is answered: set the flags in 'fi' and return
 * the backing id to answer with, 0 for none, or a negative errno.
 */
int io_prepare_open(const struct node *node, fuse_req_t req,
		    struct fuse_file_info *fi);

/* The target of the link that a data file is in mode symlink. */
void io_link(const struct region *region, struct text *target);

/* The directory's last reference is gone: drop its backing ids. */
void io_forget(struct fs *fs, struct map_dir *dir, struct map *map);

/* Owner or mode changed, or are set for the first time. */
void io_access_changed(struct fs *fs, struct map_dir *dir, struct map *map);

/*
 * In mode cached, make the kernel write back and forget what it holds of the
 * map's data files, so that what the daemon reads next is what clients stored
 * through their mappings, and what clients see next is what the daemon wrote.
 * To be called before and after the daemon changes elements, and before it
 * reads them.  Nothing in other modes.
 *
 * The kernel sends WRITE requests meanwhile, which other threads serve: the
 * loop has no bound on threads in this mode.  A client that goes on storing
 * into a page through a mapping while the daemon changes it may overwrite the
 * daemon's change with the page's older content: in this mode only.
 */
void io_sync(const struct node *node);

#endif
