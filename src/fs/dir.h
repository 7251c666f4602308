/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Map directories: a name, an owner and, once configured, a map.  The
 * directory's id is the map's.
 *
 * The tree of names holds one reference, each open file another one.  rmdir
 * takes the name away; the map goes with the last reference.  The memory of a
 * struct map_dir is type-stable, as idr.h asks.
 */
#ifndef FS_DIR_H
#define FS_DIR_H

#include "fmt/spec.h"
#include "fs/fs.h"

struct map_dir {
	_Atomic uint32_t id;
	atomic_uint refcnt;
	atomic_uint held;	   /* slots of maps of maps: see space.h */
	_Atomic(struct map *) map; /* set once */
	struct fs_access access;   /* mode: rw bits only */
	struct timespec created;
	struct charge draft;	  /* until it is configured */
	pthread_mutex_t lock;	  /* setting map, backing, name; keepers */
	_Atomic int32_t *backing; /* ids by data file, 0 none */
	atomic_bool linked;	  /* has a name */
	struct fs_files files;
	unsigned int keepers; /* open files: see keep.h */
	/* The kernel keeps no name of it, so that it can go by our doing. */
	bool fleeting;
	/* Written with 'lock' and the locks of its fs_names held. */
	char name[MAP_NAME_LEN];
	struct map_dir *free_next;
};

int dirs_init(struct fs *fs);
/* No request is running any more, and fs->se is NULL. */
void dirs_release(struct fs *fs);

/*
 * A reference, or NULL.  By id; by name; and the first with a larger id than
 * *id, with 'held' also of those that slots alone show.
 */
struct map_dir *dir_get(struct fs *fs, uint32_t id);
struct map_dir *dir_get_by_name(struct fs *fs, const char *name);
struct map_dir *dir_get_next(struct fs *fs, uint32_t *id, bool held);
void dir_ref(struct map_dir *dir);
void dir_put(struct fs *fs, struct map_dir *dir);

/* mkdir: 0; -EEXIST, -EINVAL, -ENAMETOOLONG, -ENOMEM, -ENOSPC. */
int dir_create(struct fs *fs, const char *name, const struct creds *creds,
	       mode_t mode, struct fmt_error *error);

/*
 * Make the map of a spec: in 'dir' if there is one (-EEXIST if it has its map
 * already), else in a new directory of the spec's name (-EEXIST if that is
 * taken), of which 'keeps', unless NULL, gets the id: the new name has a keeper
 * from the first.  'umask' applies where the spec names no mode.  Errors also
 * those of map_create; the message says what was wrong.
 */
int dir_create_map(struct fs *fs, struct map_dir *dir, struct spec *spec,
		   const struct creds *creds, mode_t umask, uint32_t *keeps,
		   struct fmt_error *error);

/* rmdir and rename.  -ENOENT; -EEXIST for a taken name. */
int dir_unlink(struct fs *fs, const char *name);
/* Take the name of one that is fleeting away.  Nothing, if it has none. */
void dir_remove(struct fs *fs, struct map_dir *dir);
/*
 * One keeper more, and one less.  With 'remove' the name goes with the last.
 */
void dir_keep(struct map_dir *dir);
void dir_let_go(struct fs *fs, struct map_dir *dir, bool remove);
int dir_rename(struct fs *fs, const char *from, const char *to,
	       struct fmt_error *error);

/* Can it be reached by its id?  By name, or because a slot holds its map. */
bool dir_is_shown(struct map_dir *dir);

/* A copy of the name, empty after rmdir. */
void dir_name(struct map_dir *dir, char name[MAP_NAME_LEN]);

#endif
