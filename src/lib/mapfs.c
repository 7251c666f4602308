/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening, closing, making and freezing maps. */
#include "mapfs/mapfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/topology.h"
#include "lib/lib.h"

uint32_t mapfs_version(void)
{
	return MAPFS_VERSION;
}

int lib_result(int res)
{
	if (res < 0)
		errno = -res;
	return res;
}

static int open_in(const struct mapfs_map *map, const char *name)
{
	int fd = openat(map->dir, name,
			(map->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int map_prot(const struct mapfs_map *map)
{
	return map->writable ? PROT_READ | PROT_WRITE : PROT_READ;
}

/* The core keeps descriptors of its own. */
static void close_all(const int *fd, uint32_t n)
{
	while (n--)
		close(fd[n]);
}

static int adopt(struct mapfs_map *map, const int *fd, uint32_t n)
{
	struct map_attr attr = map->attr;
	int err;

	/* Memory has its node already. */
	attr.map_flags &= ~(uint32_t)BPF_F_NUMA_NODE;
	err = map_adopt(&attr, fd, n, map_prot(map), map->writable, &map->core);
	/* Where the daemon serves the file, it is read and written. */
	if (err == -ENODEV)
		err = map_adopt(&attr, fd, n, PROT_NONE, map->writable,
				&map->core);
	return err;
}

static int open_array(struct mapfs_map *map)
{
	bool percpu = map_type_ops(map->attr.map_type)->flags & MAP_PERCPU;
	uint32_t files = percpu ? topology_cpus() : 1;
	int *fd = calloc(files, sizeof(*fd));
	char name[32] = "elements";
	uint32_t n;
	int err = 0;

	if (!fd)
		return -ENOMEM;
	for (n = 0; n < files; n++) {
		if (percpu)
			snprintf(name, sizeof(name), "percpu/%u", n);
		fd[n] = open_in(map, name);
		if (fd[n] < 0) {
			err = fd[n];
			break;
		}
	}
	if (!err)
		err = adopt(map, fd, files);
	close_all(fd, n);
	free(fd);
	return err;
}

/* When this returns, the map's memory is not mapped any more. */
static void drop_core(struct mapfs_map *map)
{
	if (!map->core)
		return;
	lib_lock();
	map_put_now(map->core);
	lib_unlock();
	map->core = NULL;
}

static bool is_ring(const struct mapfs_map *map)
{
	return map_type_ops(map->attr.map_type)->map_attach_data;
}

/* By the daemon. */
static int open_files(struct mapfs_map *map)
{
	int mode = map->writable ? O_RDWR : O_RDONLY;

	map->ctl = open_in(map, "ctl");
	if (map->ctl < 0)
		return map->ctl;
	if (!is_ring(map))
		return 0;
	map->stream = openat(map->dir, "stream", mode | O_NONBLOCK | O_CLOEXEC);
	return map->stream < 0 ? -errno : 0;
}

static int attach_data(struct mapfs_map *map)
{
	int fd = open_in(map, "pages");
	int err;

	if (fd < 0)
		return fd;
	err = map_attach_data(map->core, fd);
	close(fd);
	return err;
}

/* The table in memory or, where that cannot be had, by the daemon. */
static int open_table(struct mapfs_map *map)
{
	int fd = open_in(map, "region");
	int err;

	if (fd == -EOPNOTSUPP)
		return open_files(map);
	if (fd < 0)
		return fd;
	err = map_attach(fd, map_prot(map), &map->core);
	close(fd);
	if (!err && is_ring(map))
		err = attach_data(map);
	if (!err && map->writable)
		err = lib_begin(map);
	return err;
}

static int open_memory(struct mapfs_map *map)
{
	const struct map_ops *ops = map_type_ops(map->attr.map_type);
	int err;

	if (!ops)
		return -EPROTO;
	/* The daemon alone knows what a slot holds. */
	if (ops->flags & MAP_OF_MAPS)
		return open_files(map);
	err = ops->flags & MAP_TABLE ? open_table(map) : open_array(map);
	if (err)
		drop_core(map);
	return err;
}

static int open_map(struct mapfs_map *map, int at, const char *path)
{
	int err;

	map->dir = openat(at, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (map->dir < 0)
		return -errno;
	err = lib_read_info(map);
	if (!err && map->writable && map->frozen)
		err = -EPERM;
	return err ? err : open_memory(map);
}

struct mapfs_map *lib_open(int at, const char *path, int oflags)
{
	struct mapfs_map *map;
	int err;

	if (oflags & ~(O_ACCMODE | O_CLOEXEC) ||
	    (oflags & O_ACCMODE) == O_WRONLY ||
	    (oflags & O_ACCMODE) == O_ACCMODE) {
		errno = EINVAL;
		return NULL;
	}
	map = calloc(1, sizeof(*map));
	if (!map)
		return NULL;
	map->writable = (oflags & O_ACCMODE) == O_RDWR;
	map->ctl = -1;
	map->stream = -1;
	err = open_map(map, at, path);
	if (err) {
		mapfs_close(map);
		errno = -err;
		return NULL;
	}
	return map;
}

struct mapfs_map *mapfs_open(const char *path, int oflags)
{
	return lib_open(AT_FDCWD, path, oflags);
}

static void release(struct mapfs_map *map)
{
	lib_leave(map);
	drop_core(map);
	if (map->ctl >= 0)
		close(map->ctl);
	map->ctl = -1;
	if (map->stream >= 0)
		close(map->stream);
	map->stream = -1;
	atomic_store(&map->process, 0);
}

void mapfs_close(struct mapfs_map *map)
{
	int saved = errno;

	if (!map)
		return;
	release(map);
	if (map->dir >= 0)
		close(map->dir);
	free(map);
	errno = saved;
}

/* Write a line to a file; what fails is its write. */
static int write_line(int fd, const char *line)
{
	size_t len = strlen(line);
	char *copy;
	int err = 0;

	if (memchr(line, '\n', len))
		return -EINVAL;
	copy = malloc(len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, line, len);
	copy[len] = '\n';
	if (write(fd, copy, len + 1) < 0)
		err = -errno;
	free(copy);
	return err;
}

int mapfs_create(const char *mnt, const char *spec)
{
	int dir = open(mnt, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err = 0;
	int fd;

	if (dir < 0)
		return -errno;
	fd = openat(dir, "create", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		err = -errno;
	close(dir);
	if (err)
		return lib_result(err);
	err = write_line(fd, spec);
	close(fd);
	return lib_result(err);
}

int mapfs_destroy(const char *path)
{
	return rmdir(path) < 0 ? -errno : 0;
}

/* What 'other' has of the map's memory becomes the map's. */
static void take_over(struct mapfs_map *map, struct mapfs_map *other)
{
	map->core = other->core;
	map->ctl = other->ctl;
	map->stream = other->stream;
	map->writable = false;
}

/*
 * Nobody may have the map open for writing when it is frozen, and that is us
 * as well.  All that is needed is opened before it is let go, as it may not be
 * there by name any more.
 */
int mapfs_freeze(struct mapfs_map *map)
{
	struct mapfs_map reader = {
		.attr = map->attr,
		.dir = map->dir,
		.ctl = -1,
		.stream = -1,
	};
	int err;
	int fd;

	if (!map->writable)
		return lib_result(-EPERM);
	fd = openat(map->dir, "ctl", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return lib_result(-errno);
	err = open_memory(&reader);
	if (err) {
		release(&reader);
		close(fd);
		return lib_result(err);
	}
	release(map);
	err = write_line(fd, "freeze");
	close(fd);
	map->frozen = !err;
	if (err && !open_memory(map)) {
		release(&reader);
	} else {
		release(map);
		take_over(map, &reader);
	}
	return lib_result(err);
}

static uint64_t count_entries(struct mapfs_map *map)
{
	struct lib_call call = { .op = MAPFS_CALL_ENTRIES };

	if (map->core)
		return map_used_entries(map->core);
	return lib_call(map, &call) < 0 ? 0 : call.position;
}

int mapfs_info(struct mapfs_map *map, struct mapfs_info *info)
{
	const struct map_ops *ops = map_type_ops(map->attr.map_type);
	struct mapfs_info all = {
		.sz = info->sz,
		.map_type = map->attr.map_type,
		.id = map->id,
		.key_size = map->attr.key_size,
		.value_size = map->attr.value_size,
		.value_bytes = lib_value_bytes(map),
		.max_entries = map->attr.max_entries,
		.map_flags = map->attr.map_flags,
		.entries = count_entries(map),
		.cpus = ops->flags & MAP_PERCPU ? topology_cpus() : 1,
		.io = lib_is_memory(map) ? MAPFS_IO_MEMORY : MAPFS_IO_FILES,
		.frozen = map->frozen,
	};

	if (info->sz < sizeof(info->sz) + sizeof(info->map_type))
		return lib_result(-EINVAL);
	memcpy(all.name, map->attr.map_name, sizeof(all.name));
	memcpy(info, &all, info->sz < sizeof(all) ? info->sz : sizeof(all));
	return 0;
}
