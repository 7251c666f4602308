/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * -m: the mounted mapfs in which the maps of the run are.  A map that the run
 * makes has a name there that goes with it (MAPFS_IOC_TEMPORARY), also when the
 * runner is killed; to be pinned is to have a name that stays.
 *
 * The runner works on a map as libmapfs does, in its own memory where that can
 * be had, else by the daemon.  Descriptors of targets are stand-ins as they are
 * without a mount, see object.h, but for one that is mapped: that one becomes
 * the file of the mount that holds the map's memory.
 *
 * Functions return 0 or a negative errno.  Thread-safe, but for what is said of
 * mounted_freeze.
 */
#ifndef RUN_MOUNT_H
#define RUN_MOUNT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct map;
struct map_attr;
struct mapfs_map;
struct object;
struct run;

struct mount {
	const struct run *run;
	int dir; /* O_PATH */
	dev_t dev;
	_Atomic uint32_t names; /* that were made up */
	pthread_mutex_t lock;	/* see mount_lock */
};

/* A map of the mount that the run has open. */
struct mounted {
	struct mount *mount;
	struct mapfs_map *map;
	struct map *by_daemon; /* where map has no core; see remote.h */
	uint32_t id;
	int ctl;	/* while it is open the map is there, named or not */
	int stream;	/* of a ring buffer, to be waited for; or -1 */
	bool temporary; /* its name goes with 'ctl' */
	/*
	 * A target has its memory open for reading alone, which nothing tells
	 * the end of.
	 */
	bool kept;
	pthread_rwlock_t lock; /* for writing: mounted_freeze */
};

/* -ENOTTY: it is no mount of mapfs. */
int mount_open(struct mount *mount, const struct run *run, const char *path);

/*
 * A new map, with 'inner' the id of the one that a map of maps has for an
 * example.  As map_create, and what the daemon answers.
 */
int mount_create(struct mount *mount, const struct map_attr *attr,
		 uint32_t inner, struct mounted **mounted);

/*
 * The map at 'path' from the directory 'at', for writing if it may be written.
 * Also -ENOTTY and -ENODATA: there is none.
 */
int mount_get(struct mount *mount, int at, const char *path,
	      struct mounted **mounted);

/*
 * Held from when a map of the mount is got until its object is there, so that
 * each map has one.  NULL: nothing.
 */
void mount_lock(struct mount *mount);
void mount_unlock(struct mount *mount);

/* The smallest id above 'id' of a map that may be read, or 0. */
uint32_t mount_next_id(const struct mount *mount, uint32_t id);

/*
 * Is the path one of a name in the mount's root, there or not?  'name' becomes
 * that name.  And is it one elsewhere in the mount?
 */
bool mount_has(const struct mount *mount, const char *path, char *name,
	       size_t size);
bool mount_has_below(const struct mount *mount, const char *path);

/*
 * Give the map a name that stays, or let go of that name again, so that it is
 * one of the run's.  -EMLINK: it has one already.  With the lock held for
 * writing.
 */
int mounted_pin(struct mounted *mounted, const char *name);
int mounted_unpin(struct mounted *mounted);

/* What the core does with it: valid until mounted_freeze or _free. */
struct map *mounted_core(const struct mounted *mounted);
bool mounted_frozen(const struct mounted *mounted);
bool mounted_read_only(const struct mounted *mounted);

/* As mapfs_freeze, with the lock held for writing. */
int mounted_freeze(struct mounted *mounted);

/* The run has no use for it any more; or ends, and others may still have. */
void mounted_free(struct mounted *mounted);
void mounted_end(struct mounted *mounted);

/* ---------------------------------------------------------------- objects */

/* The object of a map, which is consumed, with one hold.  In mount_lock. */
int mount_object(struct run *run, struct mounted *mounted,
		 struct object **object);

/*
 * The object of a map's id, with one hold, also of one not seen yet.  -ENOENT:
 * there is no such map.  Also where maps are in no mount.
 */
int mount_object_by_id(struct run *run, uint32_t id, struct object **object);

#endif
