/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The requests about names: finding, listing, making and removing them.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "fs/dir.h"
#include "fs/file.h"
#include "fs/namespace.h"
#include "fs/ops.h"
#include "fs/reply.h"

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
	/* What the kernel did not get it will not forget. */
	if (call_reply_entry(call, &entry))
		node_forget(call->fs, entry.ino, 1);
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct call call;
	int err = call_begin(&call, req, parent);

	reply_child(&call, err, name);
}

void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
	node_forget(fuse_req_userdata(req), ino, nlookup);
	fuse_reply_none(req);
}

void op_forget_multi(fuse_req_t req, size_t count,
		     struct fuse_forget_data *forgets)
{
	size_t i;

	for (i = 0; i < count; i++)
		node_forget(fuse_req_userdata(req), forgets[i].ino,
			    forgets[i].nlookup);
	fuse_reply_none(req);
}

int ops_not_here(struct call *call)
{
	return fmt_fail(&call->error, EPERM,
			"names cannot be made or removed "
			"here: maps are made by create and mkdir");
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
	      dev_t rdev)
{
	struct call call;
	int err = call_begin(&call, req, parent);

	(void)name;
	(void)mode;
	(void)rdev;
	call_reply_err(&call, err ? err : ops_not_here(&call));
}

static bool takes_links(const struct node *node)
{
	return node->type->symlink && node->map->ops->flags & MAP_OF_MAPS;
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent,
		const char *name)
{
	struct call call;
	int err = call_begin(&call, req, parent);

	if (!err)
		err = takes_links(&call.node) ?
			      call.node.type->symlink(&call.node, name, target,
						      &call.error) :
			      ops_not_here(&call);
	reply_child(&call, err, name);
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent,
	     const char *name)
{
	(void)ino;
	op_mknod(req, parent, name, 0, 0);
}

static bool is_root(const struct node *node)
{
	return node->type == file_types[KIND_ROOT];
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct call call;
	int err = call_begin(&call, req, parent);

	if (!err)
		err = is_root(&call.node) ?
			      dir_create(call.fs, name, &call.creds, mode,
					 &call.error) :
			      ops_not_here(&call);
	reply_child(&call, err, name);
}

/* Only maps are renamed and removed, and only in the root. */
static int check_map(struct call *call, const char *name)
{
	struct node node;
	int err;

	if (!is_root(&call->node))
		return ops_not_here(call);
	err = node_lookup(&call->node, name, &node);
	if (err)
		return err;
	err = node.dir ? 0 : ops_not_here(call);
	node_put(&node);
	return err;
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct call call;
	int err = call_begin(&call, req, parent);

	if (!err)
		err = check_map(&call, name);
	if (!err)
		err = dir_unlink(call.fs, name);
	call_reply_err(&call, err);
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct call call;
	int err = call_begin(&call, req, parent);

	if (!err)
		err = call.node.type->remove ?
			      call.node.type->remove(&call.node, name,
						     &call.error) :
			      ops_not_here(&call);
	call_reply_err(&call, err);
}

/* A map is never replaced by a rename: that would destroy it. */
static int rename_map(struct call *call, const char *name, fuse_ino_t newparent,
		      const char *newname, unsigned int flags)
{
	int err;

	if (newparent != FUSE_ROOT_ID)
		return ops_not_here(call);
	if (flags & ~(unsigned int)RENAME_NOREPLACE)
		return -EINVAL;
	err = check_map(call, name);
	return err ? err : dir_rename(call->fs, name, newname, &call->error);
}

void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name,
	       fuse_ino_t newparent, const char *newname, unsigned int flags)
{
	struct call call;
	int err = call_begin(&call, req, parent);

	if (!err)
		err = rename_map(&call, name, newparent, newname, flags);
	call_reply_err(&call, err);
}

/*
 * Both listings: as many entries as fit.  With 'plus' each counts as a lookup,
 * but for one without an id, of which the kernel takes the name alone: there
 * is no use in more where it may not keep the name.
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
		if (!entry.entry_timeout)
			entry.ino = 0;
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

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		struct fuse_file_info *fi)
{
	(void)fi;
	reply_list(req, ino, size, off, false);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	(void)fi;
	reply_list(req, ino, size, off, true);
}
