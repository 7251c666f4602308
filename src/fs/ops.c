/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The requests.  Each handler finds its node, has the work done elsewhere and
 * replies once.  Permissions are checked by the kernel (default_permissions);
 * what only the daemon can know, as that a map is frozen, is checked here.
 */
#include "fs/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fs/dir.h"
#include "fs/file.h"
#include "fs/io.h"
#include "fs/namespace.h"
#include "fs/reply.h"
#include "fs/text_file.h"

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	io_negotiate(userdata, conn);
}

/* Answer with the file called 'name', or 'err'. */
static void reply_child(struct call *call, int err, const char *name)
{
	struct fuse_entry_param entry;
	struct node child;

	if (!err)
		err = node_lookup(&call->node, name, &child);
	if (err) {
		call_reply_err(call, err);
		return;
	}
	node_entry(&child, &entry);
	node_put(&child);
	call_reply_entry(call, &entry);
}

/* Answer with the attributes of the call's node, or 'err'. */
static void reply_attr(struct call *call, int err)
{
	struct stat st;

	if (err) {
		call_reply_err(call, err);
		return;
	}
	node_stat(&call->node, &st);
	call_reply_attr(call, &st, node_attr_timeout(&call->node));
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct call call;
	int err = call_begin(&call, req, parent);

	reply_child(&call, err, name);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino,
		       struct fuse_file_info *fi)
{
	struct call call;
	int err = call_begin(&call, req, ino);

	(void)fi;
	reply_attr(&call, err);
}

/*
 * chmod and chown of anything in a map's directory are the map's.  Sizes
 * (truncation) and times are accepted and ignored, as procfs does.
 */
static int change_access(struct call *call, const struct stat *attr, int to_set)
{
	const struct node *node = &call->node;
	struct fs_access *access = node->dir ? &node->dir->access :
					       &node->fs->access;

	if (!(to_set &
	      (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)))
		return 0;
	if (!node->dir && !file_is_dir(node->type))
		return fmt_fail(&call->error, EPERM,
				"the files of the root "
				"have the root's owner and mode");
	if (to_set & FUSE_SET_ATTR_MODE)
		access->mode = attr->st_mode & (node->dir ? 0666 : 07777);
	if (to_set & FUSE_SET_ATTR_UID)
		access->uid = attr->st_uid;
	if (to_set & FUSE_SET_ATTR_GID)
		access->gid = attr->st_gid;
	node_access_changed(node);
	return 0;
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr,
		       int to_set, struct fuse_file_info *fi)
{
	struct call call;
	int err = call_begin(&call, req, ino);

	(void)fi;
	if (!err)
		err = change_access(&call, attr, to_set);
	reply_attr(&call, err);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	char target[64];
	struct call call;
	int err = call_begin(&call, req, ino);

	if (!err && !node_is_link(&call.node))
		err = -EINVAL;
	if (err) {
		call_reply_err(&call, err);
		return;
	}
	io_link(call.node.type->region(&call.node), target, sizeof(target));
	call_reply_readlink(&call, target);
}

static int not_here(struct call *call)
{
	return fmt_fail(&call->error, EPERM,
			"names cannot be made or removed "
			"here: maps are made by create and mkdir");
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name,
		     mode_t mode, dev_t rdev)
{
	struct call call;
	int err = call_begin(&call, req, parent);

	(void)name;
	(void)mode;
	(void)rdev;
	call_reply_err(&call, err ? err : not_here(&call));
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent,
		       const char *name)
{
	(void)target;
	op_mknod(req, parent, name, 0, 0);
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent,
		    const char *name)
{
	(void)ino;
	op_mknod(req, parent, name, 0, 0);
}

static void op_create(fuse_req_t req, fuse_ino_t parent, const char *name,
		      mode_t mode, struct fuse_file_info *fi)
{
	struct call call;
	int err = call_begin(&call, req, parent);

	(void)mode;
	(void)fi;
	if (!err)
		err = call.node.type->create ?
			      call.node.type->create(&call.node, name,
						     &call.error) :
			      not_here(&call);
	call_reply_err(&call, err);
}

static bool is_root(const struct node *node)
{
	return !node->dir && file_is_dir(node->type);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name,
		     mode_t mode)
{
	struct call call;
	int err = call_begin(&call, req, parent);

	if (!err)
		err = is_root(&call.node) ?
			      dir_create(call.fs, name, &call.creds, mode,
					 &call.error) :
			      not_here(&call);
	reply_child(&call, err, name);
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct call call;
	int err = call_begin(&call, req, parent);

	if (!err)
		err = is_root(&call.node) ? dir_unlink(call.fs, name) :
					    not_here(&call);
	call_reply_err(&call, err);
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct call call;
	int err = call_begin(&call, req, parent);

	if (!err)
		err = call.node.type->remove ?
			      call.node.type->remove(&call.node, name,
						     &call.error) :
			      not_here(&call);
	call_reply_err(&call, err);
}

/* A map is never replaced by a rename: that would destroy it. */
static int rename_map(struct call *call, const char *name, fuse_ino_t newparent,
		      const char *newname, unsigned int flags)
{
	struct node node;
	int err;

	if (!is_root(&call->node) || newparent != FUSE_ROOT_ID)
		return not_here(call);
	if (flags & ~(unsigned int)RENAME_NOREPLACE)
		return -EINVAL;
	err = node_lookup(&call->node, name, &node);
	if (err)
		return err;
	err = node.dir ? 0 : not_here(call);
	node_put(&node);
	if (err)
		return err;
	return dir_rename(call->fs, name, newname, &call->error);
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name,
		      fuse_ino_t newparent, const char *newname,
		      unsigned int flags)
{
	struct call call;
	int err = call_begin(&call, req, parent);

	if (!err)
		err = rename_map(&call, name, newparent, newname, flags);
	call_reply_err(&call, err);
}

static bool opens_for_write(const struct fuse_file_info *fi)
{
	return (fi->flags & O_ACCMODE) != O_RDONLY;
}

static void open_text(struct call *call, struct fuse_file_info *fi)
{
	struct text_file *file;
	int err = text_file_open(call, &file);

	if (err) {
		call_reply_err(call, err);
		return;
	}
	fi->fh = (uintptr_t)file;
	fi->direct_io = 1;
	/* FLUSH is for the unfinished line of one who writes. */
	fi->noflush = !opens_for_write(fi);
	if (call_reply_open(call, fi, 0))
		text_file_release(file);
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
	int err = 0;
	int id;

	if (opens_for_write(fi))
		err = map_write_get(map);
	if (err) {
		fmt_fail(&call->error, -err, "the map is frozen");
		call_reply_err(call, err);
		return;
	}
	dir_ref(dir);
	id = io_prepare_open(&call->node, call->req, fi);
	if (id < 0)
		call_reply_err(call, id);
	if (id < 0 || call_reply_open(call, fi, id)) {
		if (opens_for_write(fi))
			map_write_put(map);
		dir_put(fs, dir);
	}
}

static int open_check(struct call *call, const struct fuse_file_info *fi)
{
	const struct file_type *type = call->node.type;

	if ((fi->flags & O_APPEND) && (type->read || type == &entry_file))
		return fmt_fail(&call->error, EINVAL,
				"elements are replaced, "
				"not appended to");
	return 0;
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct call call;
	int err = call_begin(&call, req, ino);

	if (!err)
		err = open_check(&call, fi);
	if (err)
		call_reply_err(&call, err);
	else if (file_is_text(call.node.type))
		open_text(&call, fi);
	else
		open_data(&call, fi);
}

static struct text_file *open_file(const struct fuse_file_info *fi)
{
	return (struct text_file *)(uintptr_t)fi->fh;
}

static void op_release(fuse_req_t req, fuse_ino_t ino,
		       struct fuse_file_info *fi)
{
	struct call call;
	int err = call_begin(&call, req, ino);

	if (!err && file_is_text(call.node.type)) {
		/* Too late to tell anybody but the error file. */
		text_file_flush(&call, open_file(fi));
		text_file_release(open_file(fi));
	} else if (!err) {
		if (opens_for_write(fi))
			map_write_put(call.node.map);
		dir_put(call.fs, call.node.dir);
	}
	call_reply_err(&call, err);
}

static void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
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

static ssize_t data_read(const struct node *node, void *buf, size_t size,
			 uint64_t off)
{
	if (is_composed(node))
		io_sync(node);
	return node->type->read(node, buf, size, off);
}

static ssize_t data_write(const struct node *node, const char *buf, size_t size,
			  uint64_t off)
{
	bool composed = is_composed(node);
	ssize_t res;

	if (composed)
		io_sync(node);
	res = node->type->write(node, buf, size, off);
	if (composed)
		io_sync(node);
	return res;
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	struct call call;
	ssize_t res = call_begin(&call, req, ino);
	void *buf = call_buffer(size);

	if (!res && !buf)
		res = -ENOMEM;
	if (!res && file_is_text(call.node.type))
		res = text_file_read(&call, open_file(fi), buf, size,
				     (uint64_t)off);
	else if (!res)
		res = data_read(&call.node, buf, size, (uint64_t)off);
	if (res < 0)
		call_reply_err(&call, (int)res);
	else
		call_reply_buf(&call, buf, (size_t)res);
}

static void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf,
		     size_t size, off_t off, struct fuse_file_info *fi)
{
	struct call call;
	ssize_t res = call_begin(&call, req, ino);

	if (!res && file_is_text(call.node.type))
		res = text_file_write(&call, open_file(fi), buf, size,
				      (uint64_t)off);
	else if (!res)
		res = data_write(&call.node, buf, size, (uint64_t)off);
	if (res < 0)
		call_reply_err(&call, (int)res);
	else
		call_reply_write(&call, (size_t)res);
}

static off_t seek(const struct node *node, off_t off, int whence)
{
	const struct file_type *type = node->type;
	const struct region *region = type->region ? type->region(node) : NULL;
	off_t size = type->size ? (off_t)type->size(node) : 0;

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

static void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence,
		     struct fuse_file_info *fi)
{
	struct call call;
	off_t res = call_begin(&call, req, ino);

	(void)fi;
	if (!res)
		res = seek(&call.node, off, whence);
	if (res < 0)
		call_reply_err(&call, (int)res);
	else
		call_reply_lseek(&call, res);
}

/* Zeroing and preallocating, within the file: the memory object can do it. */
static int allocate(const struct node *node, int mode, off_t off, off_t len)
{
	const struct region *region =
		node->type->region ? node->type->region(node) : NULL;

	if (!region)
		return -EOPNOTSUPP;
	return fallocate(region->fd, mode, off, len) < 0 ? -errno : 0;
}

static void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off,
			 off_t len, struct fuse_file_info *fi)
{
	struct call call;
	int err = call_begin(&call, req, ino);

	(void)fi;
	if (!err)
		err = allocate(&call.node, mode, off, len);
	call_reply_err(&call, err);
}

/*
 * Both listings: as many entries as fit.  With 'plus' each counts as a lookup,
 * and no inode of ours counts lookups.
 */
static ssize_t list(struct call *call, char *buf, size_t size, uint64_t pos,
		    bool plus)
{
	char name[NAME_MAX + 1];
	struct text text = { name, NAME_MAX, 0 };
	struct fuse_entry_param entry;
	struct node child;
	size_t done = 0;
	size_t len;
	int res;

	while ((res = node_list(&call->node, &pos, &child, &text)) > 0) {
		node_entry(&child, &entry);
		node_put(&child);
		/* A key too long for a name cannot be listed. */
		if (text_overflown(&text))
			continue;
		name[text.len] = '\0';
		len = plus ? fuse_add_direntry_plus(call->req, buf + done,
						    size - done, name, &entry,
						    (off_t)pos) :
			     fuse_add_direntry(call->req, buf + done,
					       size - done, name, &entry.attr,
					       (off_t)pos);
		if (len > size - done)
			break;
		done += len;
	}
	return res < 0 && !done ? res : (ssize_t)done;
}

static void reply_list(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       bool plus)
{
	struct call call;
	ssize_t res = call_begin(&call, req, ino);
	char *buf = call_buffer(size);

	if (!res && !buf)
		res = -ENOMEM;
	if (!res)
		res = list(&call, buf, size, (uint64_t)off, plus);
	if (res < 0)
		call_reply_err(&call, (int)res);
	else
		call_reply_buf(&call, buf, (size_t)res);
}

static void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	(void)fi;
	reply_list(req, ino, size, off, false);
}

static void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size,
			   off_t off, struct fuse_file_info *fi)
{
	(void)fi;
	reply_list(req, ino, size, off, true);
}

/* df: the limit on memory, and what of it is charged. */
static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct charge_usage usage;
	struct statvfs st = {
		.f_bsize = 4096,
		.f_frsize = 4096,
		.f_namemax = NAME_MAX,
	};
	struct call call;
	int err = call_begin(&call, req, ino);

	if (err) {
		call_reply_err(&call, err);
		return;
	}
	usage = charge_usage(&call.fs->charges, call.creds.uid);
	st.f_blocks = call.fs->charges.limit / st.f_frsize;
	st.f_bfree = (call.fs->charges.limit - usage.total) / st.f_frsize;
	st.f_bavail = st.f_bfree;
	st.f_files = MAP_ID_MAX;
	st.f_ffree = MAP_ID_MAX - call.fs->ndirs;
	st.f_favail = st.f_ffree;
	call_reply_statfs(&call, &st);
}

const struct fuse_lowlevel_ops fs_ops = {
	.init = op_init,
	.lookup = op_lookup,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.readlink = op_readlink,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.symlink = op_symlink,
	.rename = op_rename,
	.link = op_link,
	.open = op_open,
	.read = op_read,
	.write = op_write,
	.flush = op_flush,
	.release = op_release,
	.statfs = op_statfs,
	.create = op_create,
	.fallocate = op_fallocate,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.lseek = op_lseek,
};
