/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/mount.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/map.h"
#include "lib/lib.h"
#include "run/remote.h"
#include "run/run.h"

/* Tries for a name that is free: others make maps as well. */
#define NAME_TRIES 1000000

#define ROOT_INO   1

int mount_open(struct mount *mount, const struct run *run, const char *path)
{
	struct statfs fs;
	struct stat st;

	mount->run = run;
	pthread_mutex_init(&mount->lock, NULL);
	mount->dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mount->dir < 0 || fstat(mount->dir, &st) < 0 ||
	    fstatfs(mount->dir, &fs) < 0)
		return -errno;
	mount->dev = st.st_dev;
	if (fs.f_type != FUSE_SUPER_MAGIC || st.st_ino != ROOT_INO ||
	    faccessat(mount->dir, "by-id", F_OK, 0) ||
	    faccessat(mount->dir, "create", F_OK, 0))
		return -ENOTTY;
	return 0;
}

void mount_lock(struct mount *mount)
{
	if (mount)
		pthread_mutex_lock(&mount->lock);
}

void mount_unlock(struct mount *mount)
{
	if (mount)
		pthread_mutex_unlock(&mount->lock);
}

/* The inode of the directory that a path is in, 0 if it is not the mount's. */
static ino_t parent_of(const struct mount *mount, const char *path)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];
	struct stat st;

	if (!slash)
		return 0;
	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path) + 1, path);
	if (stat(parent, &st) < 0 || st.st_dev != mount->dev)
		return 0;
	return st.st_ino;
}

bool mount_has(const struct mount *mount, const char *path, char *name,
	       size_t size)
{
	const char *slash = strrchr(path, '/');

	if (!slash || !slash[1] || strlen(slash + 1) >= size ||
	    parent_of(mount, path) != ROOT_INO)
		return false;
	strcpy(name, slash + 1);
	return true;
}

bool mount_has_below(const struct mount *mount, const char *path)
{
	ino_t ino = parent_of(mount, path);

	return ino && ino != ROOT_INO;
}

/* ---------------------------------------------------------------- names */

/*
 * A name like the program's, with a number: no pin can be in its way, nor it in
 * a pin's, as those have no dots.
 */
static void make_name(struct mount *mount, const char *wanted,
		      char name[MAP_NAME_LEN])
{
	char number[12];

	snprintf(number, sizeof(number), ".%u", ++mount->names);
	snprintf(name, MAP_NAME_LEN, "%.*s%s",
		 (int)(MAP_NAME_LEN - 1 - strlen(number)),
		 *wanted ? wanted : "map", number);
}

/* What the map is called now.  -ENOENT: it has no name any more. */
static int current_name(const struct mounted *mounted, char name[NAME_MAX + 1])
{
	char link[32], target[NAME_MAX + 4];
	ssize_t len;

	snprintf(link, sizeof(link), "by-id/%u", mounted->id);
	len = readlinkat(mounted->mount->dir, link, target, sizeof(target) - 1);
	if (len < 0)
		return errno == EINVAL ? -ENOENT : -errno;
	target[len] = '\0';
	if (strncmp(target, "../", 3) != 0)
		return -ENOENT;
	strcpy(name, target + 3);
	return 0;
}

/* -EEXIST: 'to' is taken. */
static int rename_to(const struct mounted *mounted, const char *to)
{
	int dir = mounted->mount->dir;
	char from[NAME_MAX + 1];
	int err = current_name(mounted, from);

	if (!err && renameat2(dir, from, dir, to, RENAME_NOREPLACE) < 0)
		err = -errno;
	return err;
}

static int set_name(struct mounted *mounted, uint32_t what)
{
	if (ioctl(mounted->ctl, MAPFS_IOC_TEMPORARY, &what) < 0)
		return -errno;
	mounted->temporary = what == MAPFS_NAME_TEMPORARY;
	return 0;
}

int mounted_pin(struct mounted *mounted, const char *name)
{
	int err;

	if (!mounted->temporary)
		return faccessat(mounted->mount->dir, name, F_OK, 0) ? -EMLINK :
								       -EEXIST;
	err = rename_to(mounted, name);
	return err ? err : set_name(mounted, MAPFS_NAME_STAYS);
}

int mounted_unpin(struct mounted *mounted)
{
	char name[MAP_NAME_LEN];
	int tries = NAME_TRIES;
	int err = set_name(mounted, MAPFS_NAME_TEMPORARY);

	if (err)
		return err;
	do {
		make_name(mounted->mount, mounted_core(mounted)->name, name);
		err = rename_to(mounted, name);
	} while (err == -EEXIST && --tries);
	if (err)
		set_name(mounted, MAPFS_NAME_STAYS);
	return err;
}

/* ---------------------------------------------------------------- maps */

uint32_t mount_next_id(const struct mount *mount, uint32_t id)
{
	int fd =
		openat(mount->dir, "by-id", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	char path[NAME_MAX + 16];
	unsigned long next = 0;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	/* They come in the order of their ids. */
	while (!next && (entry = readdir(dir))) {
		if (strtoul(entry->d_name, NULL, 10) <= id)
			continue;
		snprintf(path, sizeof(path), "by-id/%s/info", entry->d_name);
		if (!faccessat(mount->dir, path, R_OK, AT_EACCESS))
			next = strtoul(entry->d_name, NULL, 10);
	}
	closedir(dir);
	return (uint32_t)next;
}

static struct mapfs_map *open_map(int at, const char *path)
{
	struct mapfs_map *map = lib_open(at, path, O_RDWR);

	/* Not to be written by us, or frozen. */
	if (!map && (errno == EACCES || errno == EPERM))
		map = lib_open(at, path, O_RDONLY);
	return map;
}

/* What is not in memory is the daemon's to do. */
static int settle(struct mounted *mounted)
{
	int dir = mounted->map->dir;

	/* For writing, also where the map is frozen: see set_name. */
	mounted->ctl = openat(dir, "ctl", O_RDWR | O_CLOEXEC);
	if (mounted->ctl < 0 && (errno == EACCES || errno == EPERM))
		mounted->ctl = openat(dir, "ctl", O_RDONLY | O_CLOEXEC);
	if (mounted->ctl < 0)
		return -errno;
	if (mounted->map->core)
		return 0;
	mounted->by_daemon = remote_map(mounted->map);
	return mounted->by_daemon ? 0 : -ENOMEM;
}

int mount_get(struct mount *mount, int at, const char *path,
	      struct mounted **mountedp)
{
	struct mounted *mounted = calloc(1, sizeof(*mounted));
	int err;

	if (!mounted)
		return -ENOMEM;
	mounted->mount = mount;
	mounted->ctl = -1;
	mounted->stream = -1;
	pthread_rwlock_init(&mounted->lock, NULL);
	mounted->map = open_map(at, path);
	err = mounted->map ? settle(mounted) : -errno;
	if (err) {
		mounted_free(mounted);
		return err;
	}
	mounted->id = mounted->map->id;
	if (map_type_ops(mounted->map->attr.map_type)->map_attach_data)
		mounted->stream = openat(mounted->map->dir, "stream",
					 O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	*mountedp = mounted;
	return 0;
}

/* -v: why the daemon refused it. */
static void tell_error(const struct mount *mount)
{
	int fd = openat(mount->dir, "error", O_RDONLY | O_CLOEXEC);
	char line[TRACE_MAX];
	ssize_t len = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);

	if (len > 0) {
		line[len] = '\0';
		line[strcspn(line, "\n")] = '\0';
		run_tell(mount->run, "MAP_CREATE: %s", line);
	}
	if (fd >= 0)
		close(fd);
}

/* Access by a descriptor's mode is the run's business, the file's bits not. */
static int write_spec(int create, const struct map_attr *attr, uint32_t inner,
		      const char *name)
{
	const uint32_t modes = BPF_F_RDONLY | BPF_F_WRONLY;
	char spec[256], more[64] = "";
	int len = 0;

	if (attr->map_flags & ~modes)
		len = snprintf(more, sizeof(more), " flags 0x%x",
			       attr->map_flags & ~modes);
	if (attr->map_flags & BPF_F_NUMA_NODE)
		len += snprintf(more + len, sizeof(more) - (size_t)len,
				" numa %d", attr->numa_node);
	if (inner)
		snprintf(more + len, sizeof(more) - (size_t)len,
			 " inner by-id/%u", inner);
	len = snprintf(spec, sizeof(spec),
		       "%s type %s key %u value %u entries %u extra %llu "
		       "mode 600%s\n",
		       name, map_type_name(attr->map_type), attr->key_size,
		       attr->value_size, attr->max_entries,
		       (unsigned long long)attr->map_extra, more);
	return write(create, spec, (size_t)len) < 0 ? -errno : 0;
}

static int keep_name(int fd)
{
	uint32_t what = MAPFS_NAME_TEMPORARY;

	return ioctl(fd, MAPFS_IOC_TEMPORARY, &what) < 0 ? -errno : 0;
}

/* The name of the new map is kept by the open file 'create'. */
static int create_in(struct mount *mount, int create,
		     const struct map_attr *attr, uint32_t inner,
		     struct mounted **mountedp)
{
	char name[MAP_NAME_LEN];
	int tries = NAME_TRIES;
	int err = keep_name(create);

	if (err)
		return err;
	do {
		make_name(mount, attr->map_name, name);
		err = write_spec(create, attr, inner, name);
	} while (err == -EEXIST && --tries);
	if (err) {
		tell_error(mount);
		return err;
	}
	err = mount_get(mount, mount->dir, name, mountedp);
	if (err)
		return err;
	err = set_name(*mountedp, MAPFS_NAME_TEMPORARY);
	if (err)
		mounted_free(*mountedp);
	return err;
}

/* Killed at any moment, nothing is left: some open file keeps the name. */
int mount_create(struct mount *mount, const struct map_attr *attr,
		 uint32_t inner, struct mounted **mounted)
{
	int create = openat(mount->dir, "create", O_WRONLY | O_CLOEXEC);
	int err;

	if (create < 0)
		return -errno;
	err = create_in(mount, create, attr, inner, mounted);
	close(create);
	return err;
}

struct map *mounted_core(const struct mounted *mounted)
{
	return mounted->by_daemon ? mounted->by_daemon : mounted->map->core;
}

bool mounted_frozen(const struct mounted *mounted)
{
	return mounted->map->frozen;
}

bool mounted_read_only(const struct mounted *mounted)
{
	return !mounted->map->writable;
}

int mounted_freeze(struct mounted *mounted)
{
	return mapfs_freeze(mounted->map);
}

/*
 * Not by closing the file: the kernel does not wait for that, and name and id
 * are to be gone at once.
 */
void mounted_end(struct mounted *mounted)
{
	if (mounted->temporary)
		set_name(mounted, MAPFS_NAME_GOES);
}

void mounted_free(struct mounted *mounted)
{
	mounted_end(mounted);
	if (mounted->ctl >= 0)
		close(mounted->ctl);
	if (mounted->by_daemon)
		map_put_now(mounted->by_daemon);
	mapfs_close(mounted->map);
	if (mounted->stream >= 0)
		close(mounted->stream);
	pthread_rwlock_destroy(&mounted->lock);
	free(mounted);
}

/* ---------------------------------------------------------------- objects */

int mount_object(struct run *run, struct mounted *mounted,
		 struct object **objectp)
{
	struct object *object = calloc(1, sizeof(*object));
	int err = -ENOMEM;

	if (!object) {
		mounted_free(mounted);
		return err;
	}
	object->kind = OBJECT_MAP;
	object->mounted = mounted;
	object->id = mounted->id;
	memcpy(object->name, mounted->map->attr.map_name, MAP_NAME_LEN);
	object_settle(object);
	/* -EEXIST: another thread came first. */
	while ((err = object_add(&run->objects, object)) == -EEXIST) {
		*objectp = object_by_id(&run->objects, OBJECT_MAP, object->id);
		if (*objectp)
			break;
	}
	if (!err) {
		*objectp = object;
		return 0;
	}
	mounted_free(mounted);
	free(object);
	return err == -EEXIST ? 0 : err;
}

/* What is not there, and what is no map. */
static bool is_absent(int err)
{
	return err == -ENOENT || err == -ENOTTY || err == -ENODATA ||
	       err == -ENOTDIR;
}

int mount_object_by_id(struct run *run, uint32_t id, struct object **object)
{
	struct mounted *mounted;
	char path[32];
	int err;

	*object = object_by_id(&run->objects, OBJECT_MAP, id);
	if (*object || !run->mount)
		return *object ? 0 : -ENOENT;
	/* One of the run's that has just gone may still be in the mount. */
	objects_wait(&run->objects);
	snprintf(path, sizeof(path), "by-id/%u", id);
	mount_lock(run->mount);
	err = mount_get(run->mount, run->mount->dir, path, &mounted);
	if (!err)
		err = mount_object(run, mounted, object);
	mount_unlock(run->mount);
	return is_absent(err) ? -ENOENT : err;
}
