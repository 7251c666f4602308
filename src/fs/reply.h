/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place where requests are answered.  A handler calls call_begin,
 * does its work, and ends with exactly one call_reply_*, which also drops
 * what the call holds: first, so that whoever sees the reply sees the effect.
 */
#ifndef FS_REPLY_H
#define FS_REPLY_H

#include <sys/stat.h>

#include "fs/node.h"

struct call {
	fuse_req_t req;
	struct fs *fs;
	struct node node; /* what the request is about */
	struct creds creds;
	struct fmt_error error; /* for the error file, if any */
};

/* 0; -ENOENT when the node is gone.  Reply in either case. */
int call_begin(struct call *call, fuse_req_t req, fuse_ino_t ino);

/* 'err': 0 or a negative errno. */
void call_reply_err(struct call *call, int err);
/* An error means that the kernel did not get it: see node_forget. */
int call_reply_entry(struct call *call, const struct fuse_entry_param *entry);
void call_reply_attr(struct call *call, const struct stat *st, double timeout);
void call_reply_buf(struct call *call, const void *buf, size_t size);
void call_reply_write(struct call *call, size_t size);
void call_reply_statfs(struct call *call, const struct statvfs *st);
void call_reply_lseek(struct call *call, off_t off);
void call_reply_ioctl(struct call *call, const void *buf, size_t size);
void call_reply_poll(struct call *call, unsigned int events);
void call_reply_readlink(struct call *call, const char *target);
/*
 * OPEN, of a file served from backing id 'id' unless 0.  An error means that
 * the open was interrupted and no RELEASE will come: the caller takes back
 * what the open file holds.  The call itself has ended.
 */
int call_reply_open(struct call *call, struct fuse_file_info *fi, int id);
/* CREATE: both. */
int call_reply_create(struct call *call, const struct fuse_entry_param *entry,
		      struct fuse_file_info *fi);

/* The thread's own buffer for a reply of up to 'size' bytes, or NULL. */
void *call_buffer(size_t size);

#endif
