/* SPDX-License-Identifier: BSD-2-Clause */
/* The maps that the slots of a map of maps hold. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/lib.h"

/* How often a slot may get another map, or a map another name, meanwhile. */
#define TRIES 100

static bool is_of_maps(const struct mapfs_map *map)
{
	return map_type_ops(map->attr.map_type)->flags & MAP_OF_MAPS;
}

/* A name may lead to another map by now: the id says. */
static struct mapfs_map *open_id(const struct mapfs_map *map, uint32_t id,
				 int oflags)
{
	struct mapfs_map *inner;
	char path[40];

	snprintf(path, sizeof(path), "../by-id/%u", id);
	inner = lib_open(map->dir, path, oflags);
	if (inner && inner->id != id) {
		mapfs_close(inner);
		errno = ENOENT;
		return NULL;
	}
	return inner;
}

struct mapfs_map *mapfs_open_inner(struct mapfs_map *map, const void *key,
				   int oflags)
{
	struct mapfs_map *inner = NULL;
	unsigned int tries;
	uint32_t id;

	if (!is_of_maps(map)) {
		errno = EOPNOTSUPP;
		return NULL;
	}
	for (tries = 0; !inner && tries < TRIES; tries++) {
		if (mapfs_lookup(map, key, &id))
			return NULL;
		inner = open_id(map, id, oflags);
		if (!inner && errno != ENOENT)
			return NULL;
	}
	return inner;
}

int mapfs_update_inner(struct mapfs_map *map, const void *key,
		       const struct mapfs_map *inner, uint64_t flags)
{
	struct stat ours;
	struct stat theirs;

	if (!is_of_maps(map))
		return lib_result(-EOPNOTSUPP);
	if (fstat(map->dir, &ours) < 0 || fstat(inner->dir, &theirs) < 0)
		return lib_result(-errno);
	if (ours.st_dev != theirs.st_dev)
		return lib_result(-EXDEV);
	return mapfs_update(map, key, &inner->id, flags);
}
