/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The requests about open files.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/wait.h"
#include "fs/dir.h"
#include "fs/file.h"
#include "fs/io.h"
#include "fs/namespace.h"
#include "fs/ops.h"
#include "fs/reply.h"
#include "fs/text_file.h"
#include "fs/waits.h"

static bool opens_for_write(const struct fuse_file_info *fi)
{
	return (fi->flags & O_ACCMODE) != O_RDONLY;
}

static bool opens_for_read(const struct fuse_file_info *fi)
{
	return (fi->flags & O_ACCMODE) != O_WRONLY;
}

/* Is it open with the right to write the map? */
static bool takes_right(const struct node *node,
			const struct fuse_file_info *fi)
{
	return opens_for_write(fi) && !node->type->asks;
}

/* Make 'node' an open file of text for the one who calls. */
static int open_text(struct call *call, const struct node *node,
		     struct fuse_file_info *fi)
{
	struct text_file *file;
	int err = text_file_open(call, node, fi->flags, &file);

	if (err)
		return err;
	fi->fh = (uintptr_t)file;
	fi->direct_io = 1;
	/* FLUSH is for the unfinished line of one who writes. */
	fi->noflush = !opens_for_write(fi);
	return 0;
}

static struct text_file *open_file(const struct fuse_file_info *fi)
{
	return (struct text_file *)(uintptr_t)fi->fh;
}

/*
 * An open data file holds its directory and, if it can write, the right to
 * write: writes and mappings do not come by us, so a freeze must know of it.
 */
static void open_data(struct call *call, struct fuse_file_info *fi)
{
	struct fs *fs = call->fs;
	struct map_dir *dir = call->node.dir;
	struct map *map = call->node.map;
	bool right = takes_right(&call->node, fi);
	int err = 0;
	int id;

	if (right)
		err = map_write_get(map);
	if (err) {
		fmt_fail(&call->error, -err, "the map is frozen");
		call_reply_err(call, err);
		return;
	}
	dir_ref(dir);
	if (call->node.type->poll) {
		/* A number, by which polls of the open file are known. */
		fi->fh = atomic_fetch_add(&fs->streams, 1);
		fi->nonseekable = 1;
	}
	id = io_prepare_open(&call->node, call->req, fi);
	if (id < 0)
		call_reply_err(call, id);
	if (id < 0 || call_reply_open(call, fi, id)) {
		if (right)
			map_write_put(map);
		dir_put(fs, dir);
	}
}

static int open_check(struct call *call, const struct file_type *type,
		      const struct fuse_file_info *fi)
{
	if ((fi->flags & O_APPEND) && !type->poll &&
	    (type->read || type == &entry_file))
		return fmt_fail(&call->error, EINVAL,
				"elements are replaced, "
				"not appended to");
	if (!file_is_text(type) && ((opens_for_write(fi) && !type->write) ||
				    (opens_for_read(fi) && !type->read)))
		return fmt_fail(&call->error, EPERM, "%s: cannot be %s",
				type->name, type->read ? "written" : "read");
	return type->open ? type->open(&call->node, &call->error) : 0;
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct call call;
	int err = call_begin(&call, req, ino);
	bool text = !err && file_is_text(call.node.type);

	if (!err)
		err = open_check(&call, call.node.type, fi);
	if (!err && text)
		err = open_text(&call, &call.node, fi);
	if (err)
		call_reply_err(&call, err);
	else if (!text)
		open_data(&call, fi);
	else if (call_reply_open(&call, fi, 0))
		text_file_release(open_file(fi));
}

/* The file that O_CREAT makes, and opens, where names come and go. */
static int create(struct call *call, const char *name,
		  struct fuse_file_info *fi, struct fuse_entry_param *entry)
{
	const struct file_type *type = call->node.type;
	struct node node;
	int err;

	if (!type->create)
		return ops_not_here(call);
	err = open_check(call, file_types[type->child], fi);
	if (err)
		return err;
	err = node_create(&call->node, name, fi->flags, &node, &call->error);
	if (err)
		return err;
	node_entry(&node, entry);
	err = open_text(call, &node, fi);
	if (err)
		node_forget(call->fs, entry->ino, 1);
	node_put(&node);
	return err;
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	       struct fuse_file_info *fi)
{
	struct fuse_entry_param entry;
	struct call call;
	int err = call_begin(&call, req, parent);

	(void)mode;
	if (!err)
		err = create(&call, name, fi, &entry);
	if (err) {
		call_reply_err(&call, err);
	} else if (call_reply_create(&call, &entry, fi)) {
		text_file_release(open_file(fi));
		node_forget(call.fs, entry.ino, 1);
	}
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct call call;
	int err = call_begin(&call, req, ino);

	if (!err && file_is_text(call.node.type)) {
		/* Too late to tell anybody but the error file. */
		text_file_flush(&call, open_file(fi));
		text_file_release(open_file(fi));
	} else if (!err) {
		if (takes_right(&call.node, fi))
			map_write_put(call.node.map);
		if (call.node.type->poll)
			waits_forget(&call.node, fi->fh);
		dir_put(call.fs, call.node.dir);
	}
	call_reply_err(&call, err);
}

void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct call call;
	int err = call_begin(&call, req, ino);

	if (!err && file_is_text(call.node.type))
		err = text_file_flush(&call, open_file(fi));
	call_reply_err(&call, err);
}

/*
 * A per-CPU map's elements are other files' memory: what the kernel caches of
 * those has to be written back before, and dropped after.
 */
static bool is_composed(const struct node *node)
{
	return node->type->region && !node->type->region(node);
}

static ssize_t data_read(struct call *call, void *buf, size_t size,
			 uint64_t off)
{
	const struct node *node = &call->node;

	if (is_composed(node))
		io_sync(node);
	return node->type->read(node, buf, size, off, &call->error);
}

static ssize_t data_write(struct call *call, const char *buf, size_t size,
			  uint64_t off)
{
	const struct node *node = &call->node;
	bool composed = is_composed(node);
	ssize_t res;

	if (composed)
		io_sync(node);
	res = node->type->write(node, buf, size, off, &call->error);
	if (composed)
		io_sync(node);
	return res;
}

/* A READ request. */
struct read {
	struct parked parked;
	struct text_file *file; /* NULL: a data file */
	size_t size;
	uint64_t off;
};

/* Into the thread's buffer. */
static ssize_t do_read(struct call *call, struct read *read)
{
	void *buf = call_buffer(read->size);

	if (!buf)
		return -ENOMEM;
	if (read->file)
		return text_file_read(call, read->file, buf, read->size,
				      read->off);
	return data_read(call, buf, read->size, read->off);
}

static void reply_read(struct call *call, ssize_t res, size_t size)
{
	if (res < 0)
		call_reply_err(call, (int)res);
	else
		call_reply_buf(call, call_buffer(size), (size_t)res);
}

static bool read_again(struct parked *parked, int err)
{
	struct read *read = (struct read *)parked;
	ssize_t res = err ? err : do_read(&parked->call, read);

	if (res == -EAGAIN)
		return false;
	reply_read(&parked->call, res, read->size);
	return true;
}

/* Until there is something to read.  0, or it cannot wait. */
static int park_read(const struct call *call, const struct read *read)
{
	struct read *copy = malloc(sizeof(*copy));
	int err;

	if (!copy)
		return -ENOMEM;
	*copy = *read;
	copy->parked.call = *call;
	copy->parked.resume = read_again;
	copy->parked.deadline = read->file ? read->file->deadline :
					     WAIT_FOREVER;
	err = waits_park(&copy->parked);
	if (err)
		free(copy);
	return err;
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
	     struct fuse_file_info *fi)
{
	struct read read = { .size = size, .off = (uint64_t)off };
	struct call call;
	ssize_t res = call_begin(&call, req, ino);

	if (!res && file_is_text(call.node.type))
		read.file = open_file(fi);
	if (!res)
		res = do_read(&call, &read);
	if (res == -EAGAIN && !(fi->flags & O_NONBLOCK)) {
		res = park_read(&call, &read);
		if (!res)
			return;
	}
	reply_read(&call, res, size);
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size,
	      off_t off, struct fuse_file_info *fi)
{
	struct call call;
	ssize_t res = call_begin(&call, req, ino);

	if (!res && file_is_text(call.node.type))
		res = text_file_write(&call, open_file(fi), buf, size,
				      (uint64_t)off);
	else if (!res)
		res = data_write(&call, buf, size, (uint64_t)off);
	if (res < 0)
		call_reply_err(&call, (int)res);
	else
		call_reply_write(&call, (size_t)res);
}

static off_t seek(struct call *call, off_t off, int whence)
{
	const struct node *node = &call->node;
	const struct file_type *type = node->type;
	const struct region *region = type->region ? type->region(node) : NULL;
	off_t size = type->size ? (off_t)type->size(node) : 0;

	if (type->seek)
		return type->seek(node, off, whence, &call->error);
	if (region) {
		/* What is stored by mmap(2) is data, even if only cached. */
		io_sync(node);
		off = lseek(region->fd, off, whence);
		return off < 0 ? -errno : off;
	}
	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return -EINVAL;
	if (off < 0 || off >= size)
		return -ENXIO;
	return whence == SEEK_DATA ? off : size;
}

void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence,
	      struct fuse_file_info *fi)
{
	struct call call;
	off_t res = call_begin(&call, req, ino);

	(void)fi;
	if (!res)
		res = seek(&call, off, whence);
	if (res < 0)
		call_reply_err(&call, (int)res);
	else
		call_reply_lseek(&call, res);
}

/* Zeroing and preallocating, within the file: the memory object can do it. */
static int allocate(struct call *call, int mode, off_t off, off_t len)
{
	const struct node *node = &call->node;
	const struct file_type *type = node->type;
	const struct region *region = type->region ? type->region(node) : NULL;

	if (type->allocate)
		return type->allocate(node, mode, off, len, &call->error);
	if (!region)
		return -EOPNOTSUPP;
	return fallocate(region->fd, mode, off, len) < 0 ? -errno : 0;
}

void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off,
		  off_t len, struct fuse_file_info *fi)
{
	struct call call;
	int err = call_begin(&call, req, ino);

	(void)fi;
	if (!err)
		err = allocate(&call, mode, off, len);
	call_reply_err(&call, err);
}

/* Files that are no streams are always ready, as those of a disk. */
void op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
	     struct fuse_pollhandle *handle)
{
	unsigned int events = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	struct call call;
	uint64_t seen;
	int err = call_begin(&call, req, ino);

	if (!err && call.node.type->poll) {
		seen = map_additions(call.node.map);
		events = call.node.type->poll(&call.node);
		if (handle && !(events & POLLHUP)) {
			waits_poll(&call.node, fi->fh, seen, handle);
			handle = NULL;
		}
	}
	if (handle)
		fuse_pollhandle_destroy(handle);
	if (err)
		call_reply_err(&call, err);
	else
		call_reply_poll(&call, events);
}

/* A terminal's commands and others that we know nothing of: ENOTTY. */
void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg,
	      struct fuse_file_info *fi, unsigned int flags, const void *in_buf,
	      size_t in_size, size_t out_size)
{
	size_t size = out_size;
	struct call call;
	int err = call_begin(&call, req, ino);
	void *buf = call_buffer((in_size > size ? in_size : size) + 1);

	(void)arg;
	(void)flags;
	if (!err && !buf)
		err = -ENOMEM;
	if (!err && in_size)
		memcpy(buf, in_buf, in_size);
	if (!err)
		err = call.node.type->ioctl ?
			      text_file_ioctl(&call, open_file(fi), cmd, buf,
					      in_size, &size) :
			      -ENOTTY;
	if (err)
		call_reply_err(&call, err);
	else
		call_reply_ioctl(&call, buf, size);
}
