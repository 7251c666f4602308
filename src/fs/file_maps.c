/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps and error, in the root: what there is, and what went wrong last.
 */
#include <sys/stat.h>

#include "fmt/spec.h"
#include "fs/dir.h"
#include "fs/file.h"
#include "fs/messages.h"

/* The position is the id of the last map shown: ids only grow. */
static int maps_show(void *arg, uint64_t pos, uint64_t *next, struct text *text)
{
	const struct text_file *file = arg;
	struct fs *fs = file->node.fs;
	char name[MAP_NAME_LEN];
	uint32_t id = (uint32_t)pos;
	struct map_dir *dir;
	struct map *map = NULL;

	while ((dir = dir_get_next(fs, &id, false))) {
		map = atomic_load(&dir->map);
		if (map)
			break;
		dir_put(fs, dir);
	}
	if (!dir)
		return 0;
	dir_name(dir, name);
	text_printf(text,
		    "%u %s type %s key %u value %u entries %llu/%u flags ", id,
		    name, map_type_name(map->map_type), map->key_size,
		    map->value_size, (unsigned long long)map_used_entries(map),
		    map->max_entries);
	spec_print_flags(text, map->map_flags);
	text_printf(text, " bytes %llu owner %u:%u\n",
		    (unsigned long long)map->charge.bytes, dir->access.uid,
		    dir->access.gid);
	dir_put(fs, dir);
	*next = id;
	return 1;
}

static int error_show(void *arg, uint64_t pos, uint64_t *next,
		      struct text *text)
{
	const struct text_file *file = arg;
	char msg[FMT_ERROR_MAX];

	if (pos)
		return 0;
	messages_get(file->node.fs->messages, file->creds.uid, msg);
	if (!*msg)
		return 0;
	text_puts(text, msg);
	text_putc(text, '\n');
	*next = 1;
	return 1;
}

const struct file_type root_maps_file = {
	.name = "maps",
	.in = KIND_ROOT,
	.mode = S_IFREG | 0444,
	.show = maps_show,
};

const struct file_type root_error_file = {
	.name = "error",
	.in = KIND_ROOT,
	.mode = S_IFREG | 0444,
	.show = error_show,
};
