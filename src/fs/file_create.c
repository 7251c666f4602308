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
#include "fs/namespace.h"

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
	res = dir_create_map(file->node.fs, dir, &spec, &file->creds,
			     writer_umask(file), error);
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
};

const struct file_type create_file = {
	.name = "create",
	.in = KIND_MAP,
	.mode = S_IFREG | 0666,
	.show = create_show,
	.line = create_line,
	.line_max = create_line_max,
};
