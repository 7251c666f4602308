/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/reply.h"

#include <errno.h>
#include <stdlib.h>

#include "fs/creds.h"
#include "fs/io.h"
#include "fs/messages.h"
#include "fs/passthrough.h"

int call_begin(struct call *call, fuse_req_t req, fuse_ino_t ino)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);

	call->req = req;
	call->fs = fuse_req_userdata(req);
	call->creds = (struct creds){ ctx->uid, ctx->gid, ctx->pid };
	creds_serve(&call->creds);
	call->error.msg[0] = '\0';
	call->node.dir = NULL;
	if (io_settle(call->fs, req) == IO_AUTO)
		return -EIO;
	return node_get(call->fs, ino, &call->node);
}

void call_reply_err(struct call *call, int err)
{
	if (err && call->error.msg[0])
		messages_set(call->fs->messages, call->creds.uid,
			     call->error.msg);
	node_put(&call->node);
	fuse_reply_err(call->req, -err);
}

int call_reply_entry(struct call *call, const struct fuse_entry_param *entry)
{
	node_put(&call->node);
	return fuse_reply_entry(call->req, entry);
}

void call_reply_attr(struct call *call, const struct stat *st, double timeout)
{
	node_put(&call->node);
	fuse_reply_attr(call->req, st, timeout);
}

void call_reply_buf(struct call *call, const void *buf, size_t size)
{
	node_put(&call->node);
	fuse_reply_buf(call->req, buf, size);
}

void call_reply_write(struct call *call, size_t size)
{
	node_put(&call->node);
	fuse_reply_write(call->req, size);
}

void call_reply_statfs(struct call *call, const struct statvfs *st)
{
	node_put(&call->node);
	fuse_reply_statfs(call->req, st);
}

void call_reply_lseek(struct call *call, off_t off)
{
	node_put(&call->node);
	fuse_reply_lseek(call->req, off);
}

void call_reply_ioctl(struct call *call, const void *buf, size_t size)
{
	node_put(&call->node);
	fuse_reply_ioctl(call->req, 0, buf, size);
}

void call_reply_poll(struct call *call, unsigned int events)
{
	node_put(&call->node);
	fuse_reply_poll(call->req, events);
}

void call_reply_readlink(struct call *call, const char *target)
{
	node_put(&call->node);
	fuse_reply_readlink(call->req, target);
}

int call_reply_open(struct call *call, struct fuse_file_info *fi, int id)
{
	node_put(&call->node);
	if (id)
		return passthrough_reply_open(call->req, fi, id);
	return fuse_reply_open(call->req, fi);
}

int call_reply_create(struct call *call, const struct fuse_entry_param *entry,
		      struct fuse_file_info *fi)
{
	node_put(&call->node);
	return fuse_reply_create(call->req, entry, fi);
}

/*
 * A buffer for each thread of the loop, as large as it has needed: a request
 * allocates nothing once its thread has served one like it.
 */
static pthread_key_t buffer_key;
static pthread_once_t buffer_once = PTHREAD_ONCE_INIT;
static __thread void *buffer;
static __thread size_t buffer_size;

static void buffer_make_key(void)
{
	pthread_key_create(&buffer_key, free);
}

void *call_buffer(size_t size)
{
	void *larger;

	if (size <= buffer_size)
		return buffer;
	pthread_once(&buffer_once, buffer_make_key);
	larger = realloc(buffer, size);
	if (!larger)
		return NULL;
	buffer = larger;
	buffer_size = size;
	pthread_setspecific(buffer_key, buffer);
	return buffer;
}
