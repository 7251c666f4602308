/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * percpu/N, region and pages: files that are a memory object of the map.  The
 * kernel serves them without us, and read and write here are the fallback.
 *
 * region is the whole of a table, for processes that work on it by themselves:
 * its bytes are core's business.  pages is what goes with it of a ring buffer,
 * and what a mapping of stream shows.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fs/file.h"
#include "fs/io.h"

static struct region *object_region(const struct node *node)
{
	return map_region(node->map, node->index);
}

static uint64_t object_size(const struct node *node)
{
	return object_region(node)->size;
}

static ssize_t object_clip(const struct node *node, size_t size, uint64_t off)
{
	uint64_t end = object_size(node);

	if (off >= end)
		return 0;
	return (ssize_t)(size < end - off ? size : end - off);
}

static ssize_t object_read(const struct node *node, void *buf, size_t size,
			   uint64_t off, struct fmt_error *error)
{
	ssize_t len = object_clip(node, size, off);
	int err = region_load(object_region(node), len ? off : 0, buf,
			      (size_t)len);

	(void)error;
	return err ? err : len;
}

static ssize_t object_write(const struct node *node, const void *buf,
			    size_t size, uint64_t off, struct fmt_error *error)
{
	ssize_t len = object_clip(node, size, off);
	int err;

	(void)error;
	if (!len)
		return size ? -EPERM : 0;
	err = region_store(object_region(node), off, buf, (size_t)len);
	return err ? err : len;
}

static bool has_percpu(const struct map *map)
{
	return map && map->ops->map_region && (map->ops->flags & MAP_PERCPU) &&
	       !(map->ops->flags & MAP_TABLE);
}

static int percpu_lookup(const struct node *node, const char *name,
			 struct node *child)
{
	char *end;
	unsigned long cpu;

	if (name[0] < '0' || name[0] > '9' || (name[0] == '0' && name[1]))
		return -ENOENT;
	cpu = strtoul(name, &end, 10);
	if (*end || cpu >= MAP_CPUS_MAX ||
	    !map_region(node->map, (uint32_t)cpu))
		return -ENOENT;
	child->index = (uint32_t)cpu;
	return 0;
}

static int percpu_next(const struct node *node, uint64_t *pos,
		       struct node *child, struct text *name)
{
	if (!map_region(node->map, (uint32_t)*pos))
		return 0;
	child->index = (uint32_t)*pos;
	text_u64(name, *pos);
	(*pos)++;
	return 1;
}

static bool has_pages(const struct map *map)
{
	return map && map->ops->map_attach_data;
}

static bool has_region(const struct map *map)
{
	return map && map->ops->map_region && (map->ops->flags & MAP_TABLE);
}

/* Pages that the kernel caches for a file of ours are not the memory. */
static int region_open(const struct node *node, struct fmt_error *error)
{
	enum io_mode io = node->fs->io;

	if (io == IO_PASSTHROUGH || io == IO_SYMLINK)
		return 0;
	return fmt_fail(error, EOPNOTSUPP,
			"%s: io=%s cannot share it, passthrough and symlink "
			"can",
			node->type->name, io_mode_name(io));
}

const struct file_type percpu_dir = {
	.name = "percpu",
	.in = KIND_MAP,
	.mode = S_IFDIR | 0777,
	.applies = has_percpu,
	.child = KIND_PERCPU_SLOTS,
	.lookup = percpu_lookup,
	.next = percpu_next,
};

const struct file_type percpu_slots_file = {
	.in = KIND_PERCPU,
	.mode = S_IFREG | 0666,
	.region = object_region,
	.size = object_size,
	.read = object_read,
	.write = object_write,
};

const struct file_type region_file = {
	.name = "region",
	.in = KIND_MAP,
	.mode = S_IFREG | 0666,
	.applies = has_region,
	.region = object_region,
	.size = object_size,
	.open = region_open,
	.read = object_read,
	.write = object_write,
};

const struct file_type pages_file = {
	.name = "pages",
	.in = KIND_MAP,
	.mode = S_IFREG | 0666,
	.index = PAGES_REGION,
	.applies = has_pages,
	.region = object_region,
	.size = object_size,
	.open = region_open,
	.read = object_read,
	.write = object_write,
};
