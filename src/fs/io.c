/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/file.h"
#include "fs/passthrough.h"
#include "fs/privileges.h"

static const char *const mode_names[] = {
	[IO_AUTO] = "auto",	  [IO_PASSTHROUGH] = "passthrough",
	[IO_SYMLINK] = "symlink", [IO_CACHED] = "cached",
	[IO_DAEMON] = "daemon",
};

#define NMODES (sizeof(mode_names) / sizeof(mode_names[0]))

const char *io_mode_name(enum io_mode mode)
{
	return mode_names[mode];
}

enum io_mode io_mode_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < NMODES; i++)
		if (strcmp(mode_names[i], name) == 0)
			return (enum io_mode)i;
	return IO_AUTO;
}

/*
 * Effective CAP_SYS_ADMIN, and in the initial user namespace: what the kernel
 * wants of the one who registers a backing file.
 */
static bool may_register(void)
{
	unsigned long inside;
	unsigned long outside;
	unsigned long count;
	bool initial;
	FILE *map;

	if (!privileges_have(CAP_SYS_ADMIN))
		return false;
	map = fopen("/proc/self/uid_map", "re");
	if (!map)
		return true;
	initial = fscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3 &&
		  inside == 0 && outside == 0 && count == UINT32_MAX;
	fclose(map);
	return initial;
}

/*
 * What the kernel caches must be ours to drop, and a file's truncation must
 * not throw away pages that a client has mapped.
 */
static void negotiate_cached(struct fuse_conn_info *conn)
{
	conn->want &= ~(unsigned int)(FUSE_CAP_ATOMIC_O_TRUNC |
				      FUSE_CAP_AUTO_INVAL_DATA);
}

void io_negotiate(struct fs *fs, struct fuse_conn_info *conn)
{
	enum io_mode io = fs->io_wanted;

	if (io == IO_AUTO || io == IO_PASSTHROUGH) {
		if (may_register() && passthrough_negotiate(conn))
			return;
		if (io == IO_PASSTHROUGH)
			return;
		/*
		 * A link into /proc is open to the daemon's user alone; root
		 * mounts for everybody.
		 */
		io = geteuid() == 0 ? IO_CACHED : IO_SYMLINK;
	}
	if (io == IO_CACHED)
		negotiate_cached(conn);
	fs->io = io;
}

enum io_mode io_settle(struct fs *fs, fuse_req_t req)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct region probe;
	int id = -1;

	if (fs->io != IO_AUTO)
		return fs->io;
	pthread_mutex_lock(&lock);
	if (fs->io == IO_AUTO) {
		if (region_create(&probe, "mapfs-probe", 1, NUMA_NO_NODE) ==
		    0) {
			id = passthrough_register(req, probe.fd);
			if (id > 0)
				passthrough_drop(fs->se, id);
			region_release(&probe);
		}
		if (id > 0)
			fs->io = IO_PASSTHROUGH;
		else if (fs->io_wanted == IO_AUTO)
			/* Negotiated but refused, by a security module say. */
			fs->io = IO_DAEMON;
	}
	pthread_mutex_unlock(&lock);
	return fs->io;
}

static uint32_t count_regions(struct map *map)
{
	uint32_t n = 0;

	while (map_region(map, n))
		n++;
	return n;
}

/*
 * The backing id of data file n, registered at its first open and kept for
 * the map's life: the kernel refuses an open with another id while files are
 * open with the first.
 */
static int backing_id(struct map_dir *dir, struct map *map, uint32_t n,
		      fuse_req_t req)
{
	_Atomic int32_t *backing;
	int id = 0;

	pthread_mutex_lock(&dir->lock);
	backing = dir->backing;
	if (!backing) {
		backing = calloc(count_regions(map), sizeof(*backing));
		if (!backing)
			id = -ENOMEM;
		dir->backing = backing;
	}
	if (backing)
		id = backing[n];
	if (!id) {
		id = passthrough_register(req, map_region(map, n)->fd);
		if (id > 0)
			backing[n] = id;
	}
	pthread_mutex_unlock(&dir->lock);
	return id;
}

int io_prepare_open(const struct node *node, fuse_req_t req,
		    struct fuse_file_info *fi)
{
	const struct region *region =
		node->type->region ? node->type->region(node) : NULL;

	fi->noflush = 1;
	/* Read and written by us, and mapped by the kernel. */
	if (node->type->pages && node->fs->io == IO_PASSTHROUGH) {
		fi->direct_io = 1;
		/* The kernel refuses both: offsets are just ignored. */
		fi->nonseekable = 0;
		return backing_id(node->dir, node->map, node->index, req);
	}
	/* Data file n is region n, and n the node's index. */
	if (region && node->fs->io == IO_PASSTHROUGH)
		return backing_id(node->dir, node->map, node->index, req);
	if (region && node->fs->io == IO_CACHED)
		fi->keep_cache = 1;
	else
		fi->direct_io = 1;
	return 0;
}

void io_link(const struct region *region, struct text *target)
{
	text_printf(target, "/proc/%d/fd/%d", getpid(), region->fd);
}

void io_forget(struct fs *fs, struct map_dir *dir, struct map *map)
{
	uint32_t i;

	if (!dir->backing)
		return;
	/* Without a session the mount is gone, and its ids with it. */
	for (i = 0; fs->se && i < count_regions(map); i++)
		if (dir->backing[i])
			passthrough_drop(fs->se, dir->backing[i]);
	free((void *)dir->backing);
	dir->backing = NULL;
}

void io_access_changed(struct fs *fs, struct map_dir *dir, struct map *map)
{
	struct region *region;
	uint32_t n;

	/* Maps of -o maps=FILE are made before the mode is settled. */
	if (fs->io != IO_SYMLINK && fs->io != IO_AUTO)
		return;
	/* Who follows the link is checked against the memory file itself. */
	for (n = 0; (region = map_region(map, n)); n++)
		fchmod(region->fd, dir->access.mode & 0666);
}

void io_sync(const struct node *node)
{
	enum file_kind kind = KIND_ELEMENTS;
	uint32_t n;

	/* A table's region cannot be opened in this mode. */
	if (node->fs->io != IO_CACHED || !node->map ||
	    (node->map->ops->flags & MAP_TABLE))
		return;
	if (node->map->ops->flags & MAP_PERCPU)
		kind = KIND_PERCPU_SLOTS;
	for (n = 0; map_region(node->map, n); n++)
		fuse_lowlevel_notify_inval_inode(
			node->fs->se, node_ino(node->dir->id, kind, n), 0, 0);
}
