/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/dir.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "fs/io.h"

/* The name is the first thing compared, so a key is a struct with a name. */
static int name_compare(const void *a, const void *b)
{
	const struct map_dir *x = a;
	const struct map_dir *y = b;

	return strncmp(x->name, y->name, MAP_NAME_LEN);
}

/* names_lock is held. */
static struct map_dir *name_find(struct fs *fs, const char *name)
{
	struct map_dir key;
	struct map_dir **found;

	if (strlen(name) >= MAP_NAME_LEN)
		return NULL;
	strcpy(key.name, name);
	found = tfind(&key, &fs->names, name_compare);
	return found ? *found : NULL;
}

int dirs_init(struct fs *fs)
{
	pthread_rwlock_init(&fs->names_lock, NULL);
	return idr_init(&fs->dirs, MAP_ID_MAX);
}

void dirs_release(struct fs *fs)
{
	struct map_dir *dir;
	uint32_t id = 0;

	/* Files that were open when the mount went hold on to their dirs. */
	while ((dir = idr_next(&fs->dirs, &id))) {
		if (dir->linked)
			tdelete(dir, &fs->names, name_compare);
		atomic_store(&dir->refcnt, 1);
		dir_put(fs, dir);
	}
	while ((dir = fs->free_dirs)) {
		fs->free_dirs = dir->free_next;
		pthread_mutex_destroy(&dir->lock);
		free(dir);
	}
	idr_release(&fs->dirs);
	pthread_rwlock_destroy(&fs->names_lock);
	map_free_wait();
}

void dir_ref(struct map_dir *dir)
{
	atomic_fetch_add_explicit(&dir->refcnt, 1, memory_order_relaxed);
}

/* Increment unless zero, then see whether it is still the one: see idr.h. */
static struct map_dir *dir_try_ref(struct fs *fs, struct map_dir *dir,
				   uint32_t id)
{
	unsigned int refs = atomic_load(&dir->refcnt);

	do {
		if (!refs)
			return NULL;
	} while (!atomic_compare_exchange_weak(&dir->refcnt, &refs, refs + 1));
	if (atomic_load(&dir->id) == id)
		return dir;
	dir_put(fs, dir);
	return NULL;
}

struct map_dir *dir_get(struct fs *fs, uint32_t id)
{
	struct map_dir *dir = idr_find(&fs->dirs, id);

	return dir ? dir_try_ref(fs, dir, id) : NULL;
}

struct map_dir *dir_get_by_name(struct fs *fs, const char *name)
{
	struct map_dir *dir;

	pthread_rwlock_rdlock(&fs->names_lock);
	dir = name_find(fs, name);
	if (dir)
		dir_ref(dir);
	pthread_rwlock_unlock(&fs->names_lock);
	return dir;
}

struct map_dir *dir_get_next(struct fs *fs, uint32_t *id)
{
	struct map_dir *dir;

	while ((dir = idr_next(&fs->dirs, id))) {
		dir = dir_try_ref(fs, dir, *id);
		if (!dir)
			continue;
		if (dir->linked)
			return dir;
		dir_put(fs, dir);
	}
	return NULL;
}

void dir_put(struct fs *fs, struct map_dir *dir)
{
	struct map *map;

	if (atomic_fetch_sub_explicit(&dir->refcnt, 1,
				      memory_order_acq_rel) != 1)
		return;
	idr_remove(&fs->dirs, dir->id);
	map = dir->map;
	if (map) {
		io_forget(fs, dir, map);
		map_put(map);
	}
	pthread_rwlock_wrlock(&fs->names_lock);
	dir->free_next = fs->free_dirs;
	fs->free_dirs = dir;
	fs->ndirs--;
	pthread_rwlock_unlock(&fs->names_lock);
}

/* A struct that no id names yet.  names_lock is held for writing. */
static struct map_dir *dir_alloc(struct fs *fs)
{
	struct map_dir *dir = fs->free_dirs;

	if (dir) {
		fs->free_dirs = dir->free_next;
		return dir;
	}
	dir = calloc(1, sizeof(*dir));
	if (dir)
		pthread_mutex_init(&dir->lock, NULL);
	return dir;
}

static int name_taken(struct fmt_error *error, const char *name)
{
	return fmt_fail(error, EEXIST, "name: '%s' exists", name);
}

/*
 * Give a new directory its name and id.  With 'map' it is born configured, so
 * that nobody sees it without its map.
 */
static int dir_link(struct fs *fs, const char *name, const struct creds *creds,
		    mode_t mode, struct map *map, struct fmt_error *error)
{
	struct map_dir *dir;
	uint32_t id;
	int err;

	pthread_rwlock_wrlock(&fs->names_lock);
	err = name_find(fs, name) ? name_taken(error, name) : 0;
	if (err)
		goto out;
	dir = dir_alloc(fs);
	err = dir ? idr_alloc(&fs->dirs, &id) : -ENOMEM;
	if (err)
		goto err_free;
	strcpy(dir->name, name);
	if (!tsearch(dir, &fs->names, name_compare)) {
		err = -ENOMEM;
		goto err_id;
	}
	dir->access.uid = creds->uid;
	dir->access.gid = creds->gid;
	dir->access.mode = mode & 0666;
	clock_gettime(CLOCK_REALTIME, &dir->created);
	if (map)
		map->id = id;
	atomic_store(&dir->map, map);
	dir->linked = true;
	atomic_store(&dir->id, id);
	atomic_store(&dir->refcnt, 1);
	fs->ndirs++;
	idr_publish(&fs->dirs, id, dir);
	goto out;

err_id:
	idr_remove(&fs->dirs, id);
err_free:
	if (dir) {
		dir->free_next = fs->free_dirs;
		fs->free_dirs = dir;
	}
	if (err == -ENOSPC)
		fmt_fail(error, ENOSPC, "this mount has used all %u map ids: "
			 "mount anew", MAP_ID_MAX);
out:
	pthread_rwlock_unlock(&fs->names_lock);
	return err;
}

/* The names of the root's own files. */
static bool name_reserved(const char *name)
{
	return strcmp(name, "create") == 0 || strcmp(name, "maps") == 0 ||
	       strcmp(name, "error") == 0;
}

static int dir_check_name(const char *name, struct fmt_error *error)
{
	int err = spec_check_name(name, strlen(name), error);

	if (!err && name_reserved(name))
		err = name_taken(error, name);
	return err;
}

static int dir_check_free(struct fs *fs, const char *name,
			  struct fmt_error *error)
{
	int err = dir_check_name(name, error);

	if (err)
		return err;
	pthread_rwlock_rdlock(&fs->names_lock);
	if (name_find(fs, name))
		err = name_taken(error, name);
	pthread_rwlock_unlock(&fs->names_lock);
	return err;
}

int dir_create(struct fs *fs, const char *name, const struct creds *creds,
	       mode_t mode, struct fmt_error *error)
{
	int err = dir_check_name(name, error);

	if (err)
		return err;
	return dir_link(fs, name, creds, mode, NULL, error);
}

/* The sentence for an errno of map_create. */
static int create_fail(struct fs *fs, const struct charge *charge,
		       const struct map_refusal *refusal, int err,
		       struct fmt_error *error)
{
	struct charge_usage usage;
	struct rlimit files;

	if (refusal->why)
		return fmt_fail(error, -err, "%s: %s", refusal->word,
				refusal->why);
	switch (err) {
	case -EPERM:
		usage = charge_usage(&fs->charges, charge->uid);
		return fmt_fail(error, EPERM,
				"entries: the map takes %llu bytes; uid %u has "
				"%llu of %llu, all have %llu of %llu",
				(unsigned long long)charge->bytes,
				charge->uid,
				(unsigned long long)usage.user,
				(unsigned long long)(charge->uid ?
					fs->charges.user_limit :
					fs->charges.limit),
				(unsigned long long)usage.total,
				(unsigned long long)fs->charges.limit);
	case -ENOMEM:
		return fmt_fail(error, ENOMEM,
				"entries: more than the machine's memory");
	case -EMFILE:
		getrlimit(RLIMIT_NOFILE, &files);
		return fmt_fail(error, EMFILE,
				"the daemon has no descriptor left: its limit "
				"is %llu", (unsigned long long)files.rlim_cur);
	default:
		return err;
	}
}

static int make_map(struct fs *fs, const struct spec *spec,
		    const struct creds *creds, struct map **map,
		    struct fmt_error *error)
{
	struct charge charge = { &fs->charges, creds->uid, 0 };
	struct map_refusal refusal = { 0 };
	struct map_attr attr = spec->attr;
	int err;

	attr.unpriv = creds->uid != 0;
	err = map_create(&attr, &charge, &refusal, map);
	return err ? create_fail(fs, &charge, &refusal, err, error) : 0;
}

/* rdonly and wronly take the bits of the other access away. */
static mode_t map_mode(const struct spec *spec, mode_t mode)
{
	if (spec->has_mode)
		mode = spec->mode;
	if (spec->attr.map_flags & BPF_F_RDONLY)
		mode &= (mode_t)~0222;
	if (spec->attr.map_flags & BPF_F_WRONLY)
		mode &= (mode_t)~0444;
	return mode & 0666;
}

static int dir_configure(struct fs *fs, struct map_dir *dir, struct map *map,
			 mode_t mode, struct fmt_error *error)
{
	int err = 0;

	pthread_mutex_lock(&dir->lock);
	if (atomic_load(&dir->map)) {
		err = fmt_fail(error, EEXIST, "the map is configured already");
	} else {
		map->id = dir->id;
		dir->access.mode = mode;
		io_access_changed(fs, dir, map);
		atomic_store(&dir->map, map);
	}
	pthread_mutex_unlock(&dir->lock);
	return err;
}

int dir_create_map(struct fs *fs, struct map_dir *dir, struct spec *spec,
		   const struct creds *creds, mode_t umask,
		   struct fmt_error *error)
{
	struct map *map;
	mode_t mode;
	int err = 0;

	/* What is taken is said before memory is: dir_link decides. */
	if (dir) {
		dir_name(fs, dir, spec->attr.map_name);
		mode = map_mode(spec, dir->access.mode);
	} else {
		mode = map_mode(spec, 0666 & ~umask);
		err = dir_check_free(fs, spec->attr.map_name, error);
	}
	if (err)
		return err;
	err = make_map(fs, spec, creds, &map, error);
	if (err)
		return err;
	if (dir)
		err = dir_configure(fs, dir, map, mode, error);
	else
		err = dir_link(fs, spec->attr.map_name, creds, mode, map,
			       error);
	if (err)
		map_put(map);
	return err;
}

int dir_unlink(struct fs *fs, const char *name)
{
	struct map_dir *dir;

	pthread_rwlock_wrlock(&fs->names_lock);
	dir = name_find(fs, name);
	if (dir) {
		tdelete(dir, &fs->names, name_compare);
		dir->linked = false;
		dir->name[0] = '\0';
	}
	pthread_rwlock_unlock(&fs->names_lock);
	if (!dir)
		return -ENOENT;
	dir_put(fs, dir);
	return 0;
}

int dir_rename(struct fs *fs, const char *from, const char *to,
	       struct fmt_error *error)
{
	char old[MAP_NAME_LEN];
	struct map_dir *dir;
	int err = dir_check_name(to, error);

	if (err)
		return err;
	pthread_rwlock_wrlock(&fs->names_lock);
	dir = name_find(fs, from);
	if (!dir)
		err = -ENOENT;
	else if (name_find(fs, to))
		err = name_taken(error, to);
	if (err)
		goto out;
	strcpy(old, dir->name);
	tdelete(dir, &fs->names, name_compare);
	strcpy(dir->name, to);
	if (!tsearch(dir, &fs->names, name_compare)) {
		/* tdelete has just freed a node of that size. */
		strcpy(dir->name, old);
		tsearch(dir, &fs->names, name_compare);
		err = -ENOMEM;
	}
out:
	pthread_rwlock_unlock(&fs->names_lock);
	return err;
}

void dir_name(struct fs *fs, struct map_dir *dir, char name[MAP_NAME_LEN])
{
	pthread_rwlock_rdlock(&fs->names_lock);
	memcpy(name, dir->name, MAP_NAME_LEN);
	pthread_rwlock_unlock(&fs->names_lock);
}
