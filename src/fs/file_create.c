/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * create, in the root and in each map directory: spec lines make maps.
 */
#include <errno.h>
#include <sys/stat.h>

#include "fmt/spec.h"
#include "fs/creds.h"
#include "fs/dir.h"
#include "fs/file.h"
#include "fs/keep.h"
#include "fs/namespace.h"
#include "mapfs/ioctl.h"

/* A write of many lines asks once. */
static mode_t writer_umask(struct text_file *file)
{
	if (file->umask < 0)
		file->umask = (int)creds_umask(&file->creds);
	return (mode_t)file->umask;
}

static int create_line(struct text_file *file, const char *line, size_t len,
		       struct fmt_error *error)
{
	struct map_dir *dir = file->node.dir;
	struct spec spec;
	int res;

	res = spec_parse(line, len, !dir, &spec, error);
	if (res <= 0)
		return res;
	if (file->temporary && file->keeps)
		return fmt_fail(error, EBUSY,
				"the open file keeps a temporary name already");
	res = dir_create_map(file->node.fs, dir, &spec, &file->creds,
			     writer_umask(file),
			     file->temporary ? &file->keeps : NULL, error);
	/* The kernel has the attributes of the unconfigured directory. */
	if (!res && dir)
		node_access_changed(&file->node);
	return res;
}

static size_t create_line_max(const struct map *map)
{
	(void)map;
	return FMT_SPEC_MAX;
}

/* Of what it keeps already, as by the map's ctl. */
static int check_kept(struct text_file *file, const struct creds *creds,
		      struct fmt_error *error)
{
	struct fs *fs = file->node.fs;
	struct map_dir *dir = file->keeps ? dir_get(fs, file->keeps) : NULL;
	int err;

	if (!dir)
		return 0;
	err = keep_check(dir, creds, error);
	dir_put(fs, dir);
	return err;
}

static int root_create_ioctl(struct text_file *file, const struct creds *creds,
			     unsigned int cmd, void *buf, size_t in,
			     size_t *size, struct fmt_error *error)
{
	uint32_t what;
	int err;

	*size = 0;
	if (cmd != MAPFS_IOC_TEMPORARY)
		return -ENOTTY;
	if (!file->writable)
		return -EBADF;
	err = keep_argument(buf, in, MAPFS_NAME_TEMPORARY, &what);
	if (!err)
		err = check_kept(file, creds, error);
	if (err)
		return err;
	file->temporary = what == MAPFS_NAME_TEMPORARY;
	file->keeper = creds->uid;
	if (!file->temporary)
		keep_end(file);
	return 0;
}

static int root_create_show(void *arg, uint64_t pos, uint64_t *next,
			    struct text *text)
{
	(void)arg;
	if (pos)
		return 0;
	spec_print_help(text);
	*next = 1;
	return 1;
}

static int create_show(void *arg, uint64_t pos, uint64_t *next,
		       struct text *text)
{
	const struct text_file *file = arg;
	const struct map *map = atomic_load(&file->node.dir->map);

	if (pos)
		return 0;
	if (map)
		spec_print(text, map);
	else
		text_puts(text, "# not configured: write type TYPE key BYTES "
				"value BYTES entries N ...");
	text_putc(text, '\n');
	*next = 1;
	return 1;
}

const struct file_type root_create_file = {
	.name = "create",
	.in = KIND_ROOT,
	.mode = S_IFREG | 0666,
	.show = root_create_show,
	.line = create_line,
	.line_max = create_line_max,
	.ioctl = root_create_ioctl,
	.release = keep_release,
};

const struct file_type create_file = {
	.name = "create",
	.in = KIND_MAP,
	.mode = S_IFREG | 0666,
	.show = create_show,
	.line = create_line,
	.line_max = create_line_max,
};
