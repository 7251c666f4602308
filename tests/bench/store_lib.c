/* SPDX-License-Identifier: BSD-2-Clause */
/* mapfs: a map in a mount, through libmapfs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/map.h"
#include "hash.h"
#include "mapfs/mapfs.h"

struct own {
	struct mapfs_map *map;
	char path[PATH_MAX];
};

static struct mapfs_map *map_of(const struct store *store)
{
	const struct own *own = store->own;

	return own->map;
}

static int open_map(struct own *own)
{
	own->map = mapfs_open(own->path, O_RDWR);
	return own->map ? 0 : -errno;
}

/* Where the memory can be mapped: elsewhere each call asks the daemon. */
static const struct mount *mount_of(const struct bench *bench)
{
	if (bench->mounts[WHO_PASSTHROUGH].pid)
		return &bench->mounts[WHO_PASSTHROUGH];
	if (bench->mounts[WHO_SYMLINK].pid)
		return &bench->mounts[WHO_SYMLINK];
	return NULL;
}

static int make(struct store *store, const struct bench *bench)
{
	const struct mount *mount = mount_of(bench);
	struct own *own;
	char spec[128];
	int err;

	if (!mount)
		return -ENODEV;
	own = calloc(1, sizeof(*own));
	if (!own)
		return -ENOMEM;
	snprintf(own->path, sizeof(own->path), "%.*s/bench", PATH_MAX - 16,
		 mount->path);
	snprintf(spec, sizeof(spec),
		 "bench type %s key %zu value %u entries %u",
		 map_type_name(bench->group->map_type), KEY_SIZE,
		 store->value_size, bench->group->entries);
	err = mapfs_create(mount->path, spec);
	if (!err)
		err = open_map(own);
	if (err) {
		free(own);
		return err;
	}
	store->own = own;
	return 0;
}

static void free_store(struct store *store)
{
	struct own *own = store->own;

	mapfs_close(own->map);
	mapfs_destroy(own->path);
	free(own);
}

/* As another program would have it. */
static int second(struct store *store)
{
	return open_map(store->own);
}

static int lookup(struct store *store, const uint64_t *key, void *value)
{
	return mapfs_lookup(map_of(store), key, value);
}

static int update(struct store *store, const uint64_t *key, const void *value)
{
	return mapfs_update(map_of(store), key, value, 0);
}

static int delete (struct store *store, const uint64_t *key)
{
	return mapfs_delete(map_of(store), key);
}

const struct store_ops lib_store_ops = {
	.make = make,
	.free = free_store,
	.second = second,
	.lookup = lookup,
	.update = update,
	.delete = delete,
};
