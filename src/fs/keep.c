/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/keep.h"

#include <errno.h>
#include <string.h>

#include "fs/dir.h"

int keep_argument(const void *buf, size_t in, uint32_t most, uint32_t *what)
{
	if (in < sizeof(*what))
		return -EINVAL;
	memcpy(what, buf, sizeof(*what));
	return *what > most ? -EINVAL : 0;
}

/* Who may take the name away by rmdir, in a directory as /tmp is. */
static bool may_remove(const struct map_dir *dir, uid_t uid)
{
	return !uid || uid == dir->access.uid;
}

int keep_check(const struct map_dir *dir, const struct creds *creds,
	       struct fmt_error *error)
{
	return may_remove(dir, creds->uid) ?
		       0 :
		       fmt_fail(error, EPERM, "the map is another user's");
}

int keep_begin(struct text_file *file, struct map_dir *dir,
	       const struct creds *creds)
{
	int err = file->keeps ? 0 : dir_keep(dir);

	if (err)
		return err;
	file->keeps = dir->id;
	file->keeper = creds->uid;
	return 0;
}

/* The map can have been given away since. */
static void let_go(struct text_file *file, bool closed)
{
	struct fs *fs = file->node.fs;
	struct map_dir *dir = file->keeps ? dir_get(fs, file->keeps) : NULL;

	file->keeps = 0;
	if (!dir)
		return;
	dir_let_go(fs, dir, closed && may_remove(dir, file->keeper));
	dir_put(fs, dir);
}

void keep_end(struct text_file *file)
{
	let_go(file, false);
}

/* When it is the mount that has gone, there are no names. */
void keep_release(struct text_file *file)
{
	if (file->node.fs->se)
		let_go(file, true);
}
