/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The namespace: one table of every kind of file, and lookup, attributes and
 * listings from it.
 */
#include "fs/namespace.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "fs/dir.h"
#include "fs/file.h"
#include "fs/io.h"

static const struct file_type root_dir = {
	.in = KIND_ROOT,
	.mode = S_IFDIR | 07777,
	.child = KIND_MAP,
};

static const struct file_type map_dir = {
	.in = KIND_ROOT,
	.mode = S_IFDIR | 0777,
};

const struct file_type *const file_types[KINDS] = {
	[KIND_ROOT] = &root_dir,
	[KIND_ROOT_CREATE] = &root_create_file,
	[KIND_ROOT_MAPS] = &root_maps_file,
	[KIND_ROOT_ERROR] = &root_error_file,
	[KIND_IDS] = &ids_dir,
	[KIND_MAP] = &map_dir,
	[KIND_ID_LINK] = &id_link,
	[KIND_ID_MAP] = &id_map_dir,
	[KIND_CREATE] = &create_file,
	[KIND_CTL] = &ctl_file,
	[KIND_INFO] = &info_file,
	[KIND_ELEMENTS] = &elements_file,
	[KIND_RECORDS] = &records_file,
	[KIND_REGION] = &region_file,
	[KIND_PAGES] = &pages_file,
	[KIND_STREAM] = &stream_file,
	[KIND_PUSH] = &push_file,
	[KIND_POP] = &pop_file,
	[KIND_PEEK] = &peek_file,
	[KIND_FILTER_PEEK] = &filter_peek_file,
	[KIND_ENTRIES] = &entries_dir,
	[KIND_ENTRY] = &entry_file,
	[KIND_SLOT] = &slot_link,
	[KIND_ADDRESSES] = &addresses_dir,
	[KIND_PREFIXES] = &prefixes_dir,
	[KIND_LOOKUP] = &lookup_dir,
	[KIND_MATCH] = &match_file,
	[KIND_DUMP] = &dump_file,
	[KIND_PERCPU] = &percpu_dir,
	[KIND_PERCPU_SLOTS] = &percpu_slots_file,
};

bool file_is_dir(const struct file_type *type)
{
	return S_ISDIR(type->mode);
}

bool file_is_text(const struct file_type *type)
{
	return type->show || type->line;
}

bool node_is_link(const struct node *node)
{
	return node->type->link ||
	       (node->fs->io == IO_SYMLINK && node->type->region &&
		node->type->region(node));
}

int node_readlink(const struct node *node, struct text *target)
{
	if (node->type->link)
		return node->type->link(node, target);
	io_link(node->type->region(node), target);
	return 0;
}

/* A directory can be searched by whoever may read or write its files. */
static mode_t dir_mode(mode_t mode)
{
	return mode | (mode & 0444) >> 2 | (mode & 0222) >> 1;
}

static void stat_times(struct stat *st, struct timespec time)
{
	st->st_atim = time;
	st->st_mtim = time;
	st->st_ctim = time;
}

/* Memory in use and time of the last write, as the memory object has them. */
static void stat_region(struct stat *st, const struct region *region)
{
	struct stat memory;

	if (fstat(region->fd, &memory) < 0)
		return;
	st->st_blocks = memory.st_blocks;
	st->st_mtim = memory.st_mtim;
	st->st_ctim = memory.st_ctim;
}

/* Without the size of a target that may be another one when it is asked for. */
static void stat_link(struct stat *st, const struct node *node)
{
	char buf[LINK_MAX_LEN];
	struct text target = { buf, sizeof(buf), 0 };

	st->st_mode = S_IFLNK | 0777;
	if (!node->type->link && !node_readlink(node, &target))
		st->st_size = (off_t)target.len;
}

void node_stat(const struct node *node, struct stat *st)
{
	const struct file_type *type = node->type;
	struct fs_access *access = node->dir ? &node->dir->access :
					       &node->fs->access;
	mode_t mode = access->mode;
	bool region = type->region && type->region(node);

	memset(st, 0, sizeof(*st));
	st->st_ino = node->ino ? node->ino : node_id(node);
	st->st_uid = access->uid;
	st->st_gid = access->gid;
	st->st_blksize = 4096;
	st->st_nlink = file_is_dir(type) ? 2 : 1;
	stat_times(st, node->dir ? node->dir->created : node->fs->start);
	if (node->dir && file_is_dir(type))
		mode = dir_mode(mode);
	if (type->asks)
		mode = (mode & 0444) >> 1;
	/* Whoever may write the root may make maps; all may read its files. */
	if (!node->dir && !file_is_dir(type))
		mode |= 0444;
	st->st_mode = type->mode & (S_IFMT | mode);
	if (type->size)
		st->st_size = (off_t)type->size(node);
	if (region)
		stat_region(st, type->region(node));
	if (type->stat)
		type->stat(node, st);
	if (node_is_link(node))
		stat_link(st, node);
}

/*
 * What the kernel may keep, and for how long.  A fixed name goes only by
 * rmdir and mv, which the kernel sees, but for temporary ones, of which it is
 * to keep nothing: to have it forget one takes a lock in the kernel that others
 * hold while they wait for us.  A map's owner and mode change by chmod and
 * chown, after which node_access_changed tells the kernel.  Elements and
 * memory objects change by themselves.
 */
#define TIMEOUT_FIXED 86400.0

static bool is_volatile(const struct node *node)
{
	return node->type->keyed || node->type->fleeting || node->type->read;
}

static bool name_is_kept(const struct node *node)
{
	if (node->type == &map_dir)
		return !node->dir->fleeting;
	return !node->type->keyed && !node->type->fleeting;
}

double node_attr_timeout(const struct node *node)
{
	return is_volatile(node) ? 0.0 : TIMEOUT_FIXED;
}

void node_entry(const struct node *node, struct fuse_entry_param *entry)
{
	memset(entry, 0, sizeof(*entry));
	node_stat(node, &entry->attr);
	entry->ino = node_id(node);
	entry->generation = 1;
	entry->attr_timeout = node_attr_timeout(node);
	entry->entry_timeout = name_is_kept(node) ? TIMEOUT_FIXED : 0.0;
}

void node_access_changed(const struct node *node)
{
	enum file_kind kind;
	uint32_t n;

	if (!node->dir) {
		fuse_lowlevel_notify_inval_inode(
			node->fs->se, node_ino(0, KIND_ROOT_CREATE, 0), -1, 0);
		return;
	}
	if (node->map)
		io_access_changed(node->fs, node->dir, node->map);
	for (kind = KIND_MAP; kind < KINDS; kind++)
		if (!file_types[kind]->keyed && kind != KIND_PERCPU_SLOTS)
			fuse_lowlevel_notify_inval_inode(
				node->fs->se,
				node_ino(node->dir->id, kind,
					 file_types[kind]->index),
				-1, 0);
	if (!node->map || !percpu_dir.applies(node->map))
		return;
	for (n = 0; map_region(node->map, n); n++)
		fuse_lowlevel_notify_inval_inode(
			node->fs->se,
			node_ino(node->dir->id, KIND_PERCPU_SLOTS, n), -1, 0);
}

static bool file_applies(const struct node *dir, const struct file_type *type)
{
	return !type->applies || type->applies(dir->map);
}

enum file_kind node_kind(const struct node *node)
{
	enum file_kind kind = 0;

	while (file_types[kind] != node->type)
		kind++;
	return kind;
}

/* A node of the same directory as 'dir', whose reference it borrows. */
static struct node node_in(const struct node *dir, enum file_kind kind,
			   uint32_t index)
{
	struct node node = *dir;

	node.type = file_types[kind];
	node.index = index;
	return node;
}

static int lookup_fixed(const struct node *dir, const char *name,
			struct node *child)
{
	enum file_kind kind;

	for (kind = 0; kind < KINDS; kind++) {
		const struct file_type *type = file_types[kind];

		if (type->name && file_types[type->in] == dir->type &&
		    strcmp(type->name, name) == 0 && file_applies(dir, type)) {
			*child = node_in(dir, kind, type->index);
			if (child->dir)
				dir_ref(child->dir);
			return 0;
		}
	}
	return -ENOENT;
}

static int lookup_map(const struct node *root, const char *name,
		      struct node *child)
{
	struct map_dir *dir = dir_get_by_name(root->fs, name);

	if (!dir)
		return -ENOENT;
	*child = node_in(root, KIND_MAP, 0);
	child->dir = dir;
	child->map = atomic_load(&dir->map);
	return 0;
}

int node_lookup(const struct node *dir, const char *name, struct node *child)
{
	int err;

	if (!file_is_dir(dir->type))
		return -ENOTDIR;
	if (dir->type->lookup) {
		*child = node_in(dir, dir->type->child, 0);
		err = dir->type->lookup(dir, name, child);
		if (!err && dir->dir)
			dir_ref(child->dir);
		return err;
	}
	err = lookup_fixed(dir, name, child);
	if (err && dir->type == &root_dir)
		err = lookup_map(dir, name, child);
	return err;
}

/*
 * Positions of a listing, which mean the same whatever comes and goes: 0 and
 * 1 are . and .., then come the fixed files by kind, then from LIST_DYNAMIC on
 * what the directory's own positions (map ids, positions in a map) say.
 */
#define LIST_FIXED   2
#define LIST_DYNAMIC 64

_Static_assert(LIST_FIXED + KINDS < LIST_DYNAMIC, "listing positions");

static int list_fixed(const struct node *dir, uint64_t *pos, struct node *child,
		      struct text *name)
{
	enum file_kind kind;

	for (kind = (enum file_kind)(*pos - LIST_FIXED); kind < KINDS; kind++) {
		const struct file_type *type = file_types[kind];

		if (type->name && file_types[type->in] == dir->type &&
		    !type->hidden && file_applies(dir, type)) {
			*child = node_in(dir, kind, type->index);
			text_puts(name, type->name);
			*pos = LIST_FIXED + kind + 1;
			return 1;
		}
	}
	*pos = LIST_DYNAMIC;
	return 0;
}

static int list_maps(const struct node *root, uint64_t *pos, struct node *child,
		     struct text *name)
{
	uint32_t id = (uint32_t)(*pos - LIST_DYNAMIC);
	struct map_dir *dir = dir_get_next(root->fs, &id, false);
	char copy[MAP_NAME_LEN];

	if (!dir)
		return 0;
	dir_name(dir, copy);
	text_puts(name, copy);
	*child = node_in(root, KIND_MAP, 0);
	child->dir = dir;
	child->map = atomic_load(&dir->map);
	*pos = LIST_DYNAMIC + (uint64_t)id;
	return 1;
}

static int list_dynamic(const struct node *dir, uint64_t *pos,
			struct node *child, struct text *name)
{
	uint64_t own = *pos - LIST_DYNAMIC;
	int res;

	*child = node_in(dir, dir->type->child, 0);
	res = dir->type->next(dir, &own, child, name);
	if (res > 0)
		*pos = LIST_DYNAMIC + own;
	return res;
}

int node_create(const struct node *dir, const char *name, int flags,
		struct node *child, struct fmt_error *error)
{
	int err;

	*child = node_in(dir, dir->type->child, 0);
	err = dir->type->create(dir, name, flags, child, error);
	if (!err)
		dir_ref(child->dir);
	return err;
}

int node_list(const struct node *dir, uint64_t *pos, struct node *child,
	      struct text *name)
{
	int res = 0;

	name->len = 0;
	if (*pos < LIST_FIXED) {
		/* The kernel fills in what is above. */
		*child = *dir;
		text_puts(name, *pos ? ".." : ".");
		(*pos)++;
		res = 1;
	} else if (*pos < LIST_DYNAMIC) {
		res = list_fixed(dir, pos, child, name);
	}
	if (!res && dir->type == &root_dir) {
		res = list_maps(dir, pos, child, name);
		if (res > 0)
			return res;
	} else if (!res && dir->type->next) {
		res = list_dynamic(dir, pos, child, name);
	}
	if (res > 0 && dir->dir)
		dir_ref(child->dir);
	return res;
}

fuse_ino_t node_id(const struct node *node)
{
	return node_ino(node->dir ? node->dir->id : 0, node_kind(node),
			node->index);
}
