/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FUSE passthrough: files that the kernel serves from a memory object of ours
 * without asking the daemon.  libfuse has an interface for it from 3.17 on;
 * before that the three places where the protocol differs are handled here.
 * Nobody else needs to know which.
 */
#ifndef FS_PASSTHROUGH_H
#define FS_PASSTHROUGH_H

#include "fs/fs.h"

/* How it is done, for --version and configure's summary. */
extern const char passthrough_by[];

/* Before the loop starts.  0 or negative errno. */
int passthrough_attach(struct fuse_session *se);

/* In the init handler: ask for it.  False: this kernel has none. */
bool passthrough_negotiate(struct fuse_conn_info *conn);

/*
 * Register a descriptor.  Its id (> 0) serves files until it is dropped;
 * files opened by it go on after that.  -EPERM without CAP_SYS_ADMIN in the
 * initial user namespace.
 */
int passthrough_register(fuse_req_t req, int fd);
void passthrough_drop(struct fuse_session *se, int id);

/*
 * Answer OPEN: the file is served from 'id', or with direct_io only mapped from
 * there.  No FLUSH is sent for it.
 */
int passthrough_reply_open(fuse_req_t req, struct fuse_file_info *fi, int id);

#endif
