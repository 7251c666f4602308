/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/dir.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "fs/io.h"
#include "fs/text_file.h"

/* The name is the first thing compared, so a key is a struct with a name. */
static int name_compare(const void *a, const void *b)
{
	const struct map_dir *x = a;
	const struct map_dir *y = b;

	return strncmp(x->name, y->name, MAP_NAME_LEN);
}

/* Where a name is kept: FNV-1a picks the part. */
static struct fs_names *names_of(struct fs *fs, const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return &fs->names[hash % FS_NAMES];
}

/* The lock of 'names' is held. */
static struct map_dir *name_find(struct fs_names *names, const char *name)
{
	struct map_dir key;
	struct map_dir **found;

	if (strlen(name) >= MAP_NAME_LEN)
		return NULL;
	strcpy(key.name, name);
	found = tfind(&key, &names->tree, name_compare);
	return found ? *found : NULL;
}

int dirs_init(struct fs *fs)
{
	size_t i;

	for (i = 0; i < FS_NAMES; i++)
		pthread_rwlock_init(&fs->names[i].lock, NULL);
	pthread_mutex_init(&fs->free_lock, NULL);
	pthread_mutex_init(&fs->files.lock, NULL);
	return idr_init(&fs->dirs, MAP_ID_MAX);
}

void dirs_release(struct fs *fs)
{
	struct map_dir *dir;
	uint32_t id = 0;
	size_t i;

	/* Files that were open when the mount went hold on to their dirs. */
	text_files_release(&fs->files);
	pthread_mutex_destroy(&fs->files.lock);
	/* Maps of maps that are being freed still look for those they hold. */
	map_free_wait();
	fs->ending = true;
	while ((dir = idr_next(&fs->dirs, &id))) {
		dir_ref(dir);
		text_files_release(&dir->files);
		if (dir->linked)
			tdelete(dir, &names_of(fs, dir->name)->tree,
				name_compare);
		atomic_store(&dir->refcnt, 1);
		dir_put(fs, dir);
	}
	while ((dir = fs->free_dirs)) {
		fs->free_dirs = dir->free_next;
		pthread_mutex_destroy(&dir->lock);
		pthread_mutex_destroy(&dir->files.lock);
		free(dir);
	}
	idr_release(&fs->dirs);
	for (i = 0; i < FS_NAMES; i++)
		pthread_rwlock_destroy(&fs->names[i].lock);
	pthread_mutex_destroy(&fs->free_lock);
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
	struct fs_names *names = names_of(fs, name);
	struct map_dir *dir;

	pthread_rwlock_rdlock(&names->lock);
	dir = name_find(names, name);
	if (dir)
		dir_ref(dir);
	pthread_rwlock_unlock(&names->lock);
	return dir;
}

bool dir_is_shown(struct map_dir *dir)
{
	return atomic_load(&dir->map) && (dir->linked || dir->held);
}

struct map_dir *dir_get_next(struct fs *fs, uint32_t *id, bool held)
{
	struct map_dir *dir;

	while ((dir = idr_next(&fs->dirs, id))) {
		dir = dir_try_ref(fs, dir, *id);
		if (!dir)
			continue;
		if (held ? dir_is_shown(dir) : dir->linked)
			return dir;
		dir_put(fs, dir);
	}
	return NULL;
}

/* A struct that no id names yet, and one that none names any more. */
static struct map_dir *dir_alloc(struct fs *fs)
{
	struct map_dir *dir;

	pthread_mutex_lock(&fs->free_lock);
	dir = fs->free_dirs;
	if (dir)
		fs->free_dirs = dir->free_next;
	pthread_mutex_unlock(&fs->free_lock);
	if (dir)
		return dir;
	dir = calloc(1, sizeof(*dir));
	if (dir) {
		pthread_mutex_init(&dir->lock, NULL);
		pthread_mutex_init(&dir->files.lock, NULL);
	}
	return dir;
}

static void dir_free(struct fs *fs, struct map_dir *dir)
{
	pthread_mutex_lock(&fs->free_lock);
	dir->free_next = fs->free_dirs;
	fs->free_dirs = dir;
	pthread_mutex_unlock(&fs->free_lock);
}

void dir_put(struct fs *fs, struct map_dir *dir)
{
	struct map *map;

	if (atomic_fetch_sub_explicit(&dir->refcnt, 1, memory_order_acq_rel) !=
	    1)
		return;
	idr_remove(&fs->dirs, dir->id);
	map = dir->map;
	if (map) {
		io_forget(fs, dir, map);
		map_put(map);
	}
	fs->ndirs--;
	charge_give(&dir->draft);
	dir_free(fs, dir);
}

static int name_taken(struct fmt_error *error, const char *name)
{
	return fmt_fail(error, EEXIST, "name: '%s' exists", name);
}

static void dir_init(struct map_dir *dir, const char *name,
		     const struct creds *creds, mode_t mode, struct map *map)
{
	strcpy(dir->name, name);
	dir->access.uid = creds->uid;
	dir->access.gid = creds->gid;
	dir->access.mode = mode & 0666;
	clock_gettime(CLOCK_REALTIME, &dir->created);
	atomic_store(&dir->map, map);
	dir->linked = true;
}

void dir_keep(struct map_dir *dir)
{
	pthread_mutex_lock(&dir->lock);
	dir->keepers++;
	pthread_mutex_unlock(&dir->lock);
}

/*
 * Give a new directory its name and id.  With 'map' it is born configured, so
 * that nobody sees it without its map.
 */
static int dir_link(struct fs *fs, const char *name, const struct creds *creds,
		    mode_t mode, struct map *map, uint32_t *keeps,
		    struct fmt_error *error)
{
	struct fs_names *names = names_of(fs, name);
	struct map_dir *dir = dir_alloc(fs);
	uint32_t id;
	int err;

	if (!dir)
		return -ENOMEM;
	dir_init(dir, name, creds, mode, map);
	dir->fleeting = keeps;
	dir->keepers = keeps ? 1 : 0;
	dir->draft = (struct charge){ &fs->drafts, creds->uid, map ? 0 : 1 };
	err = charge_take(&dir->draft);
	if (err) {
		dir_free(fs, dir);
		return fmt_fail(error, -err,
				"uid %u has %u maps that are not configured",
				creds->uid, FS_DRAFTS_USER);
	}
	if (map)
		io_access_changed(fs, dir, map);
	pthread_rwlock_wrlock(&names->lock);
	err = name_find(names, name) ? name_taken(error, name) : 0;
	if (!err)
		err = idr_alloc(&fs->dirs, &id);
	if (err)
		goto err_free;
	if (!tsearch(dir, &names->tree, name_compare)) {
		err = -ENOMEM;
		goto err_id;
	}
	if (map)
		map_set_id(map, id);
	fs->ndirs++;
	atomic_store(&dir->id, id);
	atomic_store(&dir->refcnt, 1);
	idr_publish(&fs->dirs, id, dir);
	if (keeps)
		*keeps = id;
	pthread_rwlock_unlock(&names->lock);
	return 0;

err_id:
	idr_remove(&fs->dirs, id);
err_free:
	pthread_rwlock_unlock(&names->lock);
	charge_give(&dir->draft);
	dir_free(fs, dir);
	if (err == -ENOSPC)
		fmt_fail(error, ENOSPC,
			 "this mount has used all %u map ids: "
			 "mount anew",
			 MAP_ID_MAX);
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
	struct map_dir *dir;

	if (err)
		return err;
	dir = dir_get_by_name(fs, name);
	if (!dir)
		return 0;
	dir_put(fs, dir);
	return name_taken(error, name);
}

int dir_create(struct fs *fs, const char *name, const struct creds *creds,
	       mode_t mode, struct fmt_error *error)
{
	int err = dir_check_name(name, error);

	if (err)
		return err;
	return dir_link(fs, name, creds, mode, NULL, NULL, error);
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
		return fmt_fail(
			error, EPERM,
			"entries: the map takes %llu bytes; uid %u has "
			"%llu of %llu, all have %llu of %llu",
			(unsigned long long)charge->bytes, charge->uid,
			(unsigned long long)usage.user,
			(unsigned long long)(charge->uid ?
						     fs->charges.user_limit :
						     fs->charges.limit),
			(unsigned long long)usage.total,
			(unsigned long long)fs->charges.limit);
	case -E2BIG:
		return fmt_fail(error, E2BIG,
				"entries: only root may have more than 2^31");
	case -ENOMEM:
		return fmt_fail(error, ENOMEM,
				"entries: more than the machine's memory");
	case -EMFILE:
		getrlimit(RLIMIT_NOFILE, &files);
		return fmt_fail(error, EMFILE,
				"the daemon has no descriptor left: its limit "
				"is %llu",
				(unsigned long long)files.rlim_cur);
	default:
		return err;
	}
}

/* The map that 'inner' in a spec names, with a reference of the space. */
static int find_inner(struct fs *fs, const char *text, struct map **inner,
		      struct fmt_error *error)
{
	uint32_t id;
	int err = fs->space.find(&fs->space, text, strlen(text), &id);

	if (!err)
		err = fs->space.get(&fs->space, id, inner);
	switch (err) {
	case 0:
		return 0;
	case -EACCES:
		return fmt_fail(error, EACCES,
				"inner: you may neither read nor write '%s'",
				text);
	case -EINVAL:
		return fmt_fail(error, EINVAL, "inner: '%s' is not configured",
				text);
	default:
		return fmt_fail(error, ENOENT, "inner: there is no map '%s'",
				text);
	}
}

static int make_map(struct fs *fs, const struct spec *spec,
		    const struct creds *creds, struct map **map,
		    struct fmt_error *error)
{
	struct charge charge = { &fs->charges, creds->uid, 0 };
	struct map_refusal refusal = { 0 };
	struct map_attr attr = spec->attr;
	struct map *inner = NULL;
	int err;

	if (*spec->inner) {
		err = find_inner(fs, spec->inner, &inner, error);
		if (err)
			return err;
	}
	attr.unpriv = creds->uid != 0;
	attr.space = &fs->space;
	attr.inner_map = inner;
	err = map_create(&attr, &charge, &refusal, map);
	if (inner)
		fs->space.put(&fs->space, inner);
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
		map_set_id(map, dir->id);
		dir->access.mode = mode;
		io_access_changed(fs, dir, map);
		atomic_store(&dir->map, map);
		charge_give(&dir->draft);
		dir->draft.bytes = 0;
	}
	pthread_mutex_unlock(&dir->lock);
	return err;
}

int dir_create_map(struct fs *fs, struct map_dir *dir, struct spec *spec,
		   const struct creds *creds, mode_t umask, uint32_t *keeps,
		   struct fmt_error *error)
{
	struct map *map;
	mode_t mode;
	int err = 0;

	/* What is taken is said before memory is: dir_link decides. */
	if (dir) {
		dir_name(dir, spec->attr.map_name);
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
		err = dir_link(fs, spec->attr.map_name, creds, mode, map, keeps,
			       error);
	if (err)
		map_put(map);
	return err;
}

/* Of 'wanted' alone, unless NULL.  -ENOENT: it is not called that. */
static int unlink_name(struct fs *fs, const char *name,
		       const struct map_dir *wanted)
{
	struct fs_names *names = names_of(fs, name);
	struct map_dir *dir;

	pthread_rwlock_wrlock(&names->lock);
	dir = name_find(names, name);
	if (wanted && dir != wanted)
		dir = NULL;
	if (dir) {
		tdelete(dir, &names->tree, name_compare);
		pthread_mutex_lock(&dir->lock);
		dir->linked = false;
		dir->name[0] = '\0';
		pthread_mutex_unlock(&dir->lock);
	}
	pthread_rwlock_unlock(&names->lock);
	if (!dir)
		return -ENOENT;
	dir_put(fs, dir);
	return 0;
}

int dir_unlink(struct fs *fs, const char *name)
{
	return unlink_name(fs, name, NULL);
}

/* Between the two steps it may be renamed. */
void dir_remove(struct fs *fs, struct map_dir *dir)
{
	char name[MAP_NAME_LEN];

	do {
		dir_name(dir, name);
		if (!*name)
			return;
	} while (unlink_name(fs, name, dir));
}

void dir_let_go(struct fs *fs, struct map_dir *dir, bool remove)
{
	bool last;

	pthread_mutex_lock(&dir->lock);
	last = --dir->keepers == 0;
	pthread_mutex_unlock(&dir->lock);
	if (last && remove)
		dir_remove(fs, dir);
}

/*
 * Both parts are locked; 'to' is free.  The new name is entered first, as that
 * is what can fail, and for a stand-in, as the directory can have one name
 * only.
 */
static int dir_move(struct map_dir *dir, struct fs_names *old,
		    struct fs_names *new, const char *to)
{
	struct map_dir key;
	struct map_dir **found;

	strcpy(key.name, to);
	if (!tsearch(&key, &new->tree, name_compare))
		return -ENOMEM;
	tdelete(dir, &old->tree, name_compare);
	/* Only now: tdelete moves what is in the nodes. */
	found = tfind(&key, &new->tree, name_compare);
	pthread_mutex_lock(&dir->lock);
	strcpy(dir->name, to);
	*found = dir;
	pthread_mutex_unlock(&dir->lock);
	return 0;
}

/* In order of address, so that two renames cannot wait for each other. */
static void names_lock_both(struct fs_names *a, struct fs_names *b)
{
	pthread_rwlock_wrlock(a < b ? &a->lock : &b->lock);
	if (a != b)
		pthread_rwlock_wrlock(a < b ? &b->lock : &a->lock);
}

int dir_rename(struct fs *fs, const char *from, const char *to,
	       struct fmt_error *error)
{
	struct fs_names *old = names_of(fs, from);
	struct fs_names *new = names_of(fs, to);
	struct map_dir *dir;
	int err = dir_check_name(to, error);

	if (err)
		return err;
	names_lock_both(old, new);
	dir = name_find(old, from);
	if (!dir)
		err = -ENOENT;
	else if (name_find(new, to))
		err = name_taken(error, to);
	else
		err = dir_move(dir, old, new, to);
	pthread_rwlock_unlock(&old->lock);
	if (old != new)
		pthread_rwlock_unlock(&new->lock);
	return err;
}

void dir_name(struct map_dir *dir, char name[MAP_NAME_LEN])
{
	pthread_mutex_lock(&dir->lock);
	memcpy(name, dir->name, MAP_NAME_LEN);
	pthread_mutex_unlock(&dir->lock);
}
