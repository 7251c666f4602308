/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elements of arrays: the elements as bytes.  Where the file is a memory
 * object the kernel serves it without us, and read and write here are the
 * fallback.  The elements of tables are in file_records.c.
 */
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
			     uint64_t off, struct fmt_error *error)
{
	(void)error;
	return map_read(node->map, buf, size, off);
}

/* The open file holds the right to write: see open_data in ops.c. */
static ssize_t elements_write(const struct node *node, const void *buf,
			      size_t size, uint64_t off,
			      struct fmt_error *error)
{
	(void)error;
	return map_write(node->map, buf, size, off);
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
