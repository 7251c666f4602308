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
	if (!may_remove(dir, creds->uid))
		return fmt_fail(error, EPERM, "the map is another user's");
	if (!dir->fleeting)
		return fmt_fail(error, EINVAL,
				"the name was not a temporary one when it was "
				"made");
	return 0;
}

void keep_begin(struct text_file *file, struct map_dir *dir,
		const struct creds *creds)
{
	if (!file->keeps)
		dir_keep(dir);
	file->keeps = dir->id;
	file->keeper = creds->uid;
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
