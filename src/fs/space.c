/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/space.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "fs/creds.h"
#include "fs/dir.h"

static struct fs *fs_of(struct map_space *space)
{
	return (struct fs *)((char *)space - offsetof(struct fs, space));
}

/*
 * Who puts a map into a slot must be let at it, as bpf(2) wants a descriptor
 * of it: a slot is as good as an open file.
 */
static int space_get(struct map_space *space, uint32_t id, struct map **map)
{
	struct fs *fs = fs_of(space);
	struct map_dir *dir = dir_get(fs, id);
	int err = 0;

	if (!dir)
		return -EBADF;
	*map = atomic_load(&dir->map);
	if (!*map)
		err = -EINVAL;
	else if (!creds_may_use(&dir->access))
		err = -EACCES;
	if (err) {
		dir_put(fs, dir);
		return err;
	}
	map_get(*map);
	dir->held++;
	return 0;
}

/* At the mount's end directories are taken down without regard to slots. */
static void space_put(struct map_space *space, struct map *map)
{
	struct fs *fs = fs_of(space);
	struct map_dir *dir;

	if (!fs->ending) {
		/* Held by the reference of space_get. */
		dir = idr_find(&fs->dirs, map->id);
		dir->held--;
		dir_put(fs, dir);
	}
	map_put(map);
}

int space_parse_id(const char *text, size_t len, uint32_t *id)
{
	uint64_t number = 0;
	size_t i;

	if (!len || len > 10 || *text == '0')
		return -EINVAL;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		number = number * 10 + (uint64_t)(text[i] - '0');
	}
	if (number > MAP_ID_MAX)
		return -EINVAL;
	*id = (uint32_t)number;
	return 0;
}

static int find_id(struct fs *fs, const char *text, size_t len, uint32_t *id)
{
	struct map_dir *dir;
	bool shown;

	if (space_parse_id(text, len, id))
		return -ENOENT;
	dir = dir_get(fs, *id);
	if (!dir)
		return -ENOENT;
	shown = dir_is_shown(dir);
	dir_put(fs, dir);
	return shown ? 0 : -ENOENT;
}

static int space_find(struct map_space *space, const char *text, size_t len,
		      uint32_t *id)
{
	const size_t prefix = strlen(SPACE_IDS "/");
	struct fs *fs = fs_of(space);
	struct map_dir *dir;
	char name[MAP_NAME_LEN];

	if (len > prefix && memcmp(text, SPACE_IDS "/", prefix) == 0)
		return find_id(fs, text + prefix, len - prefix, id);
	if (len >= sizeof(name))
		return -ENOENT;
	memcpy(name, text, len);
	name[len] = '\0';
	dir = dir_get_by_name(fs, name);
	if (!dir)
		return -ENOENT;
	*id = dir->id;
	dir_put(fs, dir);
	return 0;
}

static void space_name(struct map_space *space, uint32_t id,
		       char text[MAP_TEXT_LEN])
{
	struct fs *fs = fs_of(space);
	struct map_dir *dir = dir_get(fs, id);
	char name[MAP_NAME_LEN] = "";

	if (dir) {
		dir_name(dir, name);
		dir_put(fs, dir);
	}
	if (*name)
		memcpy(text, name, sizeof(name));
	else
		snprintf(text, MAP_TEXT_LEN, SPACE_IDS "/%u", id);
}

void space_init(struct map_space *space)
{
	*space = (struct map_space){
		.get = space_get,
		.put = space_put,
		.find = space_find,
		.name = space_name,
	};
}
