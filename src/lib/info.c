/* SPDX-License-Identifier: BSD-2-Clause */
/* The file info of a map, whose lines are "name:<TAB>value". */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/lib.h"

#define INFO_MAX 4096

/* The value of a line, in a text that is a string; NULL if there is none. */
static const char *find(const char *text, const char *name)
{
	size_t len = strlen(name);

	while (text) {
		if (!strncmp(text, name, len) && text[len] == ':' &&
		    text[len + 1] == '\t')
			return text + len + 2;
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return NULL;
}

static bool find_number(const char *text, const char *name, uint64_t *number)
{
	const char *value = find(text, name);
	char *end;

	if (!value || *value < '0' || *value > '9')
		return false;
	*number = strtoull(value, &end, 0);
	return *end == '\n';
}

static bool find_u32(const char *text, const char *name, uint32_t *number)
{
	uint64_t value;

	if (!find_number(text, name, &value) || value > UINT32_MAX)
		return false;
	*number = (uint32_t)value;
	return true;
}

static bool parse(struct mapfs_map *map, const char *text)
{
	const char *name = find(text, "name");
	uint32_t frozen;
	size_t len;

	if (!name || !find_u32(text, "map_type", &map->attr.map_type) ||
	    !find_u32(text, "key_size", &map->attr.key_size) ||
	    !find_u32(text, "value_size", &map->attr.value_size) ||
	    !find_u32(text, "max_entries", &map->attr.max_entries) ||
	    !find_u32(text, "map_flags", &map->attr.map_flags) ||
	    !find_number(text, "map_extra", &map->attr.map_extra) ||
	    !find_u32(text, "map_id", &map->id) ||
	    !find_u32(text, "frozen", &frozen))
		return false;
	len = strcspn(name, "\n");
	/* To be told, and nothing depends on it. */
	find_number(text, "memlock", &map->memlock);
	if (len < MAP_NAME_LEN)
		memcpy(map->attr.map_name, name, len);
	map->frozen = frozen;
	return true;
}

int lib_read_info(struct mapfs_map *map)
{
	char text[INFO_MAX + 1];
	ssize_t len;
	int err = 0;
	int fd = openat(map->dir, "info", O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		err = -errno;
		/*
		 * A map that is not configured has its create file alone; the
		 * mount's root has others.
		 */
		if (err == -ENOENT && !faccessat(map->dir, "create", F_OK, 0) &&
		    faccessat(map->dir, "maps", F_OK, 0))
			err = -ENODATA;
		else if (err == -ENOENT)
			err = -ENOTTY;
		return err;
	}
	len = read(fd, text, INFO_MAX);
	if (len < 0)
		err = -errno;
	close(fd);
	if (err)
		return err;
	text[len] = '\0';
	return parse(map, text) ? 0 : -ENOTTY;
}
