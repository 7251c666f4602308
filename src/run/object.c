/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/object.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/map.h"
#include "run/btf.h"
#include "run/fields.h"
#include "run/mount.h"

/*
 * Nanoseconds between a close that may have been the last and the look at all
 * objects that follows: a program that ends closes many at a time.
 */
#define SWEEP_DELAY (10 * 1000 * 1000)

/* What the target sees as the file's name: bpftool looks for these words. */
static const char *const file_names[OBJECT_KINDS] = {
	[OBJECT_MAP] = "bpf-map",
	[OBJECT_BTF] = "btf",
	[OBJECT_PROG] = "bpf-prog",
};

static int compare_files(const void *one, const void *other)
{
	const struct object_file *a = one;
	const struct object_file *b = other;

	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	return a->dev < b->dev ? -1 : a->dev > b->dev;
}

/* The memory that is behind a file, for targets to map; or NULL. */
static struct region *file_region(const struct object_file *file)
{
	const struct object *object = file->object;
	struct map *map = object->map;

	/* In this order: see object_enter. */
	if (object->kind != OBJECT_MAP || object->fields ||
	    file->mode != (object->mounted ? MODE_MAPPED : MODE_FULL))
		return NULL;
	if (map->ops->map_attach_data)
		return map_region(map, 1);
	return map->map_flags & BPF_F_MMAPABLE ? map_region(map, 0) : NULL;
}

static int empty_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (fd >= 0 && fcntl(fd, F_ADD_SEALS,
			     F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_WRITE |
				     F_SEAL_SEAL) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd < 0 ? -errno : fd;
}

static bool is_region(const struct object_file *file)
{
	const struct region *region = file_region(file);

	return region && region->fd == file->fd;
}

/* No room for a watch, -1: its memory is freed with another's. */
static int watch_file(const struct objects *objects, int fd, uint32_t events)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return inotify_add_watch(objects->watcher, path, events);
}

/* Locked: its inode is known by it from now on. */
static int file_enter(struct objects *objects, struct object_file *file, int fd,
		      const struct stat *st)
{
	file->dev = st->st_dev;
	file->ino = st->st_ino;
	if (!tsearch(file, &objects->files, compare_files))
		return -ENOMEM;
	file->fd = fd;
	return 0;
}

/* Locked. */
static int file_make(struct objects *objects, struct object_file *file)
{
	const struct region *region = file_region(file);
	int fd = region ? region->fd :
			  empty_file(file_names[file->object->kind]);
	struct stat st;
	int err;

	if (fd < 0)
		return fd;
	err = fstat(fd, &st) < 0 ? -errno : file_enter(objects, file, fd, &st);
	if (!err)
		file->watch = watch_file(objects, fd, IN_CLOSE_WRITE);
	else if (!region)
		close(fd);
	return err;
}

/* Of a mount: not locked while the daemon may be asked. */
static int mapped_make(struct objects *objects, struct object_file *file)
{
	const struct region *region = file_region(file);
	struct stat st;
	int err = 0;
	int watch;

	if (!region)
		return -ENODEV;
	if (fstat(region->fd, &st) < 0)
		return -errno;
	/* The same one for all who ask.  Readers are in the way of a lease. */
	watch = watch_file(objects, region->fd, IN_CLOSE);
	pthread_mutex_lock(&objects->lock);
	if (file->fd < 0)
		err = file_enter(objects, file, region->fd, &st);
	if (!err)
		file->watch = watch;
	pthread_mutex_unlock(&objects->lock);
	return err;
}

/* Locked: nobody is known by it any more. */
static void file_forget(struct objects *objects, struct object_file *file)
{
	tdelete(file, &objects->files, compare_files);
	/* The inode is the mount's, and stays. */
	if (file->mode == MODE_MAPPED && file->watch >= 0)
		inotify_rm_watch(objects->watcher, file->watch);
	file->fd = -1;
}

static void file_release(struct objects *objects, struct object_file *file)
{
	int fd = file->fd;

	if (fd < 0)
		return;
	if (is_region(file))
		fd = -1;
	file_forget(objects, file);
	if (fd >= 0)
		close(fd);
}

/*
 * Does a target have it open or mapped?  It opens them for writing alone.  Ours
 * does not count where memfd_create gave it.  Where the mount did it counts,
 * and the lease is one that allows it, but needs the map to be the user's own;
 * there the kernel cannot tell of mappings whose file is closed.
 */
static bool file_in_use(const struct object_file *file)
{
	const struct region region = { .fd = file->fd };

	if (file->fd < 0)
		return false;
	if (file->mode != MODE_MAPPED)
		return region_probe_writers(&region) == -EBUSY;
	if (fcntl(file->fd, F_SETLEASE, F_WRLCK) < 0)
		return true;
	fcntl(file->fd, F_SETLEASE, F_UNLCK);
	return false;
}

/* Locked: forget pins whose file was removed.  Is one left? */
static bool object_pinned(struct objects *objects, struct object *object)
{
	struct object_pin **at = &object->pins;
	struct object_pin *pin;
	struct stat st;

	while ((pin = *at)) {
		if (fstat(pin->file.fd, &st) == 0 && st.st_nlink) {
			at = &pin->next;
			continue;
		}
		*at = pin->next;
		file_release(objects, &pin->file);
		free(pin);
	}
	return object->pins;
}

static bool object_lives(struct objects *objects, struct object *object)
{
	int i;

	if (object->holds || object_pinned(objects, object) ||
	    (object->mounted && object->mounted->kept))
		return true;
	for (i = 0; i < OBJECT_MODES; i++)
		if (file_in_use(&object->file[i]))
			return true;
	return false;
}

static void unhold(struct objects *objects, struct object *object);

/* Locked: nobody finds it any more, and objects_unlock frees it. */
static void object_free(struct objects *objects, struct object *object)
{
	int i;

	for (i = 0; i < OBJECT_MODES; i++)
		file_release(objects, &object->file[i]);
	if (object->btf) {
		object->btf->let_go = true;
		unhold(objects, object->btf);
	}
	object->next = objects->dead;
	objects->dead = object;
	objects->dying++;
}

void object_release(struct object *object)
{
	if (object->mounted)
		mounted_free(object->mounted);
	else if (object->map)
		map_put(object->map);
	fields_free(object->fields);
	fields_free(object->inner_fields);
	btf_free(object->types);
	free(object->data);
	free(object);
}

static void objects_unlock(struct objects *objects)
{
	struct object *dead = objects->dead;
	struct object *object;

	objects->dead = NULL;
	pthread_mutex_unlock(&objects->lock);
	while ((object = dead)) {
		dead = object->next;
		object_release(object);
		pthread_mutex_lock(&objects->lock);
		objects->dying--;
		pthread_cond_broadcast(&objects->died);
		pthread_mutex_unlock(&objects->lock);
	}
}

/* Locked: the number of objects with an id of 'id' or less. */
static uint32_t list_upto(const struct object_list *list, uint32_t id)
{
	uint32_t low = 0;
	uint32_t high = list->count;
	uint32_t mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (list->at[mid]->id <= id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void list_remove(struct object_list *list, uint32_t i)
{
	list->count--;
	memmove(&list->at[i], &list->at[i + 1],
		(list->count - i) * sizeof(list->at[0]));
}

/* The id is one that none has, or -EEXIST. */
static int list_insert(struct object_list *list, struct object *object)
{
	uint32_t room = list->room ? 2 * list->room : 64;
	uint32_t i = list_upto(list, object->id);
	struct object **more;

	if (i && list->at[i - 1]->id == object->id)
		return -EEXIST;
	if (list->count == list->room) {
		more = reallocarray(list->at, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		list->at = more;
		list->room = room;
	}
	memmove(&list->at[i + 1], &list->at[i],
		(list->count - i) * sizeof(list->at[0]));
	list->at[i] = object;
	list->count++;
	return 0;
}

/* Locked.  Of what was let go, nothing else may tell that this was its end. */
static void unhold(struct objects *objects, struct object *object)
{
	struct object_list *list = &objects->list[object->kind];

	if (--object->holds || !object->let_go)
		return;
	object->let_go = false;
	if (object_lives(objects, object))
		return;
	list_remove(list, list_upto(list, object->id) - 1);
	object_free(objects, object);
}

/*
 * Locked: free what nobody has any more.  What is held only may have been
 * closed for the last time, of which nobody is told again.
 */
static void objects_sweep(struct objects *objects)
{
	struct object_list *list;
	uint32_t i, kept;
	int kind;

	/* Maps first, as they hold BTF. */
	for (kind = 0; kind < OBJECT_KINDS; kind++) {
		list = &objects->list[kind];
		for (i = kept = 0; i < list->count; i++) {
			if (list->at[i]->holds)
				list->at[i]->let_go = true;
			if (object_lives(objects, list->at[i]))
				list->at[kept++] = list->at[i];
			else
				object_free(objects, list->at[i]);
		}
		list->count = kept;
	}
}

void objects_wait(struct objects *objects)
{
	pthread_mutex_lock(&objects->lock);
	while (objects->dying)
		pthread_cond_wait(&objects->died, &objects->lock);
	pthread_mutex_unlock(&objects->lock);
}

void objects_collect(struct objects *objects)
{
	pthread_mutex_lock(&objects->lock);
	objects_sweep(objects);
	objects_unlock(objects);
	objects_wait(objects);
}

static void *watch(void *arg)
{
	struct objects *objects = arg;
	const struct timespec delay = { .tv_nsec = SWEEP_DELAY };
	char events[4096];

	while (read(objects->watcher, events, sizeof(events)) > 0) {
		nanosleep(&delay, NULL);
		pthread_mutex_lock(&objects->lock);
		objects_sweep(objects);
		objects_unlock(objects);
	}
	return NULL;
}

static struct objects *objects_of(struct map_space *space)
{
	return (struct objects *)((char *)space -
				  offsetof(struct objects, space));
}

/* The map's reference is the object's, which the slot holds. */
static int space_get(struct map_space *space, uint32_t id, struct map **map)
{
	struct object *object;

	if (id == OBJECT_NO_MAP)
		return -EINVAL;
	object = object_by_id(objects_of(space), OBJECT_MAP, id);
	if (!object)
		return -EBADF;
	*map = object->map;
	return 0;
}

static void space_put(struct map_space *space, struct map *map)
{
	struct objects *objects = objects_of(space);
	const struct object_list *list = &objects->list[OBJECT_MAP];
	struct object *object;

	pthread_mutex_lock(&objects->lock);
	object = list->at[list_upto(list, map->id) - 1];
	object->let_go = true;
	unhold(objects, object);
	objects_unlock(objects);
}

int objects_init(struct objects *objects)
{
	pthread_t thread;
	int err;

	memset(objects, 0, sizeof(*objects));
	pthread_mutex_init(&objects->lock, NULL);
	pthread_cond_init(&objects->died, NULL);
	/* Nobody here calls maps by what they are called. */
	objects->space.get = space_get;
	objects->space.put = space_put;
	objects->watcher = inotify_init1(IN_CLOEXEC);
	if (objects->watcher < 0)
		return -errno;
	err = pthread_create(&thread, NULL, watch, objects);
	if (err)
		return -err;
	pthread_detach(thread);
	return 0;
}

int object_add(struct objects *objects, struct object *object)
{
	struct object_list *list = &objects->list[object->kind];
	int err = 0;
	int i;

	for (i = 0; i < OBJECT_MODES; i++) {
		object->file[i].object = object;
		object->file[i].mode = (enum object_mode)i;
		object->file[i].fd = -1;
	}
	object->holds = 1;
	/* It may never have a file. */
	object->let_go = true;
	pthread_mutex_lock(&objects->lock);
	if (!object->mounted && list->last_id == MAP_ID_MAX)
		err = -ENOSPC;
	else if (!object->mounted)
		object->id = ++list->last_id;
	if (!err)
		err = list_insert(list, object);
	if (!err && object->map && !object->mounted)
		map_set_id(object->map, object->id);
	pthread_mutex_unlock(&objects->lock);
	return err;
}

/* Locked: the first from place i on that lives; the others on the way go. */
static struct object *list_first(struct objects *objects,
				 struct object_list *list, uint32_t i)
{
	while (i < list->count) {
		struct object *object = list->at[i];

		if (object_lives(objects, object)) {
			object->holds++;
			return object;
		}
		list_remove(list, i);
		object_free(objects, object);
	}
	return NULL;
}

struct object *object_next(struct objects *objects, enum object_kind kind,
			   uint32_t id)
{
	struct object_list *list = &objects->list[kind];
	struct object *object;

	pthread_mutex_lock(&objects->lock);
	object = list_first(objects, list, list_upto(list, id));
	objects_unlock(objects);
	return object;
}

struct object *object_by_id(struct objects *objects, enum object_kind kind,
			    uint32_t id)
{
	struct object *object;

	if (!id)
		return NULL;
	object = object_next(objects, kind, id - 1);
	if (object && object->id != id) {
		object_drop(objects, object);
		return NULL;
	}
	return object;
}

struct object *object_by_file(struct objects *objects, const struct stat *st,
			      enum object_mode *mode)
{
	const struct object_file key = { .dev = st->st_dev, .ino = st->st_ino };
	struct object *object = NULL;
	struct object_file *const *found;

	pthread_mutex_lock(&objects->lock);
	found = tfind(&key, &objects->files, compare_files);
	if (found) {
		object = (*found)->object;
		object->holds++;
		*mode = (*found)->mode;
	}
	pthread_mutex_unlock(&objects->lock);
	return object;
}

void object_enter(struct object *object)
{
	if (object->mounted)
		pthread_rwlock_rdlock(&object->mounted->lock);
}

void object_leave(struct object *object)
{
	if (object->mounted)
		pthread_rwlock_unlock(&object->mounted->lock);
}

void object_settle(struct object *object)
{
	object->map = mounted_core(object->mounted);
	object->map->id = object->id;
	memcpy(object->map->name, object->name, MAP_NAME_LEN);
}

bool object_frozen(const struct object *object)
{
	return object->mounted ? mounted_frozen(object->mounted) :
				 map_frozen(object->map);
}

int object_pin_name(struct object *object, const char *name)
{
	int err;

	pthread_rwlock_wrlock(&object->mounted->lock);
	err = mounted_pin(object->mounted, name);
	pthread_rwlock_unlock(&object->mounted->lock);
	return err;
}

int object_unpin_name(struct object *object)
{
	int err;

	pthread_rwlock_wrlock(&object->mounted->lock);
	err = mounted_unpin(object->mounted);
	pthread_rwlock_unlock(&object->mounted->lock);
	return err;
}

/*
 * The files that targets have of the memory are known by ours, which becomes
 * another one.  They stay known meanwhile: who comes by one waits.  Once it is
 * frozen there is none that could be written.
 */
int object_freeze(struct objects *objects, struct object *object)
{
	struct object_file *file = &object->file[MODE_MAPPED];
	const struct region *region;
	int err;

	if (!object->mounted)
		return map_freeze_mapped(object->map);
	pthread_rwlock_wrlock(&object->mounted->lock);
	err = mounted_freeze(object->mounted);
	object_settle(object);
	pthread_mutex_lock(&objects->lock);
	region = file_region(file);
	if (file->fd >= 0 && err && region)
		file->fd = region->fd;
	else if (file->fd >= 0)
		file_forget(objects, file);
	pthread_mutex_unlock(&objects->lock);
	pthread_rwlock_unlock(&object->mounted->lock);
	return err;
}

/* It is freed after its last file is closed, or by who asks for its id. */
void object_drop(struct objects *objects, struct object *object)
{
	pthread_mutex_lock(&objects->lock);
	unhold(objects, object);
	objects_unlock(objects);
}

int object_pin(struct objects *objects, struct object *object, int fd)
{
	struct object_pin *pin = calloc(1, sizeof(*pin));
	struct stat st;
	int err = -ENOMEM;

	if (!pin)
		goto err_close;
	pin->file.object = object;
	pin->file.mode = MODE_PIN;
	pthread_mutex_lock(&objects->lock);
	err = fstat(fd, &st) < 0 ? -errno :
				   file_enter(objects, &pin->file, fd, &st);
	if (!err) {
		pin->file.watch = watch_file(objects, fd, IN_ATTRIB);
		pin->next = object->pins;
		object->pins = pin;
	}
	pthread_mutex_unlock(&objects->lock);
	if (!err)
		return 0;
	free(pin);
err_close:
	close(fd);
	return err;
}

/* Where it is now: it may have been renamed. */
static void remove_pin(const struct object_pin *pin)
{
	char path[PATH_MAX], link[32];
	struct stat st;
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", pin->file.fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len <= 0)
		return;
	path[len] = '\0';
	if (lstat(path, &st) == 0 && st.st_dev == pin->file.dev &&
	    st.st_ino == pin->file.ino)
		unlink(path);
}

static void object_end(struct object *object)
{
	const struct object_pin *pin;

	for (pin = object->pins; pin; pin = pin->next)
		remove_pin(pin);
	if (object->mounted)
		mounted_end(object->mounted);
}

void objects_end(struct objects *objects)
{
	uint32_t i;
	int kind;

	pthread_mutex_lock(&objects->lock);
	for (kind = 0; kind < OBJECT_KINDS; kind++)
		for (i = 0; i < objects->list[kind].count; i++)
			object_end(objects->list[kind].at[i]);
}

int object_open(struct objects *objects, struct object *object,
		enum object_mode mode)
{
	struct object_file *file = &object->file[mode];
	char path[32];
	int err = 0;
	int fd;

	if (mode == MODE_MAPPED) {
		err = mapped_make(objects, file);
	} else {
		pthread_mutex_lock(&objects->lock);
		if (file->fd < 0)
			err = file_make(objects, file);
		pthread_mutex_unlock(&objects->lock);
	}
	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
	/* For writing, whatever the mode: see file_in_use. */
	if (mode != MODE_MAPPED || !map_frozen(object->map))
		fd = open(path, O_RDWR | O_CLOEXEC);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (mode == MODE_MAPPED && map_frozen(object->map))
		object->mounted->kept = true;
	return fd;
}
