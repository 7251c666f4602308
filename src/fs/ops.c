/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of requests, and those about attributes and the whole mount.
 */
#include "fs/ops.h"

#include <errno.h>
#include <limits.h>
#include <sys/statvfs.h>

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
	if (!node->dir && node->type != file_types[KIND_ROOT])
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

	if (!err)
		err = change_access(&call, attr, to_set);
	/* The kernel does not say so when it is open(2) that truncates. */
	if (!err && (to_set & FUSE_SET_ATTR_SIZE) && !fi)
		text_files_truncated(&call);
	reply_attr(&call, err);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	char target[LINK_MAX_LEN + 1] = "";
	struct text text = { target, LINK_MAX_LEN, 0 };
	struct call call;
	int err = call_begin(&call, req, ino);

	if (!err)
		err = node_is_link(&call.node) ?
			      node_readlink(&call.node, &text) :
			      -EINVAL;
	if (err) {
		call_reply_err(&call, err);
		return;
	}
	call_reply_readlink(&call, target);
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
	.forget = op_forget,
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
	.ioctl = op_ioctl,
	.poll = op_poll,
	.forget_multi = op_forget_multi,
	.lseek = op_lseek,
};
