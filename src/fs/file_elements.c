/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elements and percpu/N: the elements as bytes.  Where the file is a memory
 * object the kernel serves it without us, and read and write here are the
 * fallback.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fs/file.h"

static bool has_elements(const struct map *map)
{
	return map && map->ops->map_read;
}

/* The elements of a per-CPU array are put together from all its regions. */
static struct region *elements_region(const struct node *node)
{
	return node->map->ops->flags & MAP_PERCPU ? NULL :
						    map_region(node->map, 0);
}

static uint64_t elements_size(const struct node *node)
{
	return node->map->ops->map_record_size(node->map) *
	       node->map->max_entries;
}

static ssize_t elements_read(const struct node *node, void *buf, size_t size,
			     uint64_t off)
{
	return map_read(node->map, buf, size, off);
}

/* The open file holds the right to write: see open_data in ops.c. */
static ssize_t elements_write(const struct node *node, const void *buf,
			      size_t size, uint64_t off)
{
	return map_write(node->map, buf, size, off);
}

static bool has_percpu(const struct map *map)
{
	return map && (map->ops->flags & MAP_PERCPU) && map->ops->map_region;
}

static int percpu_lookup(const struct node *node, const char *name,
			 uint32_t *index)
{
	char *end;
	unsigned long cpu;

	if (name[0] < '0' || name[0] > '9' || (name[0] == '0' && name[1]))
		return -ENOENT;
	cpu = strtoul(name, &end, 10);
	if (*end || cpu >= MAP_CPUS_MAX ||
	    !map_region(node->map, (uint32_t)cpu))
		return -ENOENT;
	*index = (uint32_t)cpu;
	return 0;
}

static int percpu_next(const struct node *node, uint64_t *pos, uint32_t *index,
		       struct text *name)
{
	if (!map_region(node->map, (uint32_t)*pos))
		return 0;
	*index = (uint32_t)*pos;
	text_u64(name, *pos);
	(*pos)++;
	return 1;
}

static struct region *percpu_region(const struct node *node)
{
	return map_region(node->map, node->index);
}

static uint64_t percpu_size(const struct node *node)
{
	return percpu_region(node)->size;
}

static ssize_t percpu_clip(const struct node *node, size_t size, uint64_t off)
{
	uint64_t end = percpu_size(node);

	if (off >= end)
		return 0;
	return (ssize_t)(size < end - off ? size : end - off);
}

static ssize_t percpu_read(const struct node *node, void *buf, size_t size,
			   uint64_t off)
{
	ssize_t len = percpu_clip(node, size, off);
	int err = region_load(percpu_region(node), len ? off : 0, buf,
			      (size_t)len);

	return err ? err : len;
}

static ssize_t percpu_write(const struct node *node, const void *buf,
			    size_t size, uint64_t off)
{
	ssize_t len = percpu_clip(node, size, off);
	int err;

	if (!len)
		return size ? -EPERM : 0;
	err = region_store(percpu_region(node), off, buf, (size_t)len);
	return err ? err : len;
}

const struct file_type elements_file = {
	.name = "elements",
	.in = KIND_MAP,
	.mode = S_IFREG | 0666,
	.applies = has_elements,
	.region = elements_region,
	.size = elements_size,
	.read = elements_read,
	.write = elements_write,
};

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
	.region = percpu_region,
	.size = percpu_size,
	.read = percpu_read,
	.write = percpu_write,
};
