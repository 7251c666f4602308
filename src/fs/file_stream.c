/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream, of ring buffers: each read is one record, and so is each write.  A
 * mapping shows the pages of the kernel's layout, for consumers that have code
 * for it: see core/ring.h.
 */
#include <errno.h>
#include <poll.h>
#include <sys/stat.h>

#include "fmt/element.h"
#include "fs/file.h"
#include "mapfs/ioctl.h"

static bool has_stream(const struct map *map)
{
	return map && map->ops->map_consume;
}

static struct region *stream_pages(const struct node *node)
{
	return map_region(node->map, PAGES_REGION);
}

static uint64_t stream_size(const struct node *node)
{
	return stream_pages(node)->size;
}

/* The kernel asks for the next part when a read is filled to the last byte. */
static ssize_t stream_read(const struct node *node, void *buf, size_t size,
			   uint64_t off, struct fmt_error *error)
{
	ssize_t res;

	(void)off;
	res = map_consume(node->map, buf, size);
	if (res == -EMSGSIZE)
		return fmt_fail(error, EMSGSIZE,
				"stream: the next record has more than the %zu "
				"bytes that were asked for",
				size);
	return res < 0 && res != -EAGAIN ?
		       element_fail(error, node->map, (int)res) :
		       res;
}

static ssize_t stream_write(const struct node *node, const void *buf,
			    size_t size, uint64_t off, struct fmt_error *error)
{
	int err;

	(void)off;
	if (size > MAPFS_RECORD_MAX)
		return fmt_fail(error, EMSGSIZE,
				"stream: a record that is written has at most "
				"%u bytes",
				MAPFS_RECORD_MAX);
	err = map_output(node->map, buf, size);
	if (err == -E2BIG)
		return fmt_fail(error, E2BIG,
				"stream: the ring has no room for a record of "
				"more than %u bytes",
				node->map->max_entries - 16);
	if (err == -EAGAIN)
		return fmt_fail(error, EAGAIN,
				"stream: no room until records are read");
	return err ? element_fail(error, node->map, err) : (ssize_t)size;
}

/* A write never waits. */
static unsigned int stream_poll(const struct node *node)
{
	unsigned int events = POLLOUT | POLLWRNORM;
	int res = map_pending(node->map);

	if (map_frozen(node->map))
		return POLLHUP;
	if (res > 0)
		events |= POLLIN | POLLRDNORM;
	return res < 0 ? events | POLLERR : events;
}

const struct file_type stream_file = {
	.name = "stream",
	.in = KIND_MAP,
	.mode = S_IFREG | 0666,
	.index = PAGES_REGION,
	.applies = has_stream,
	.pages = stream_pages,
	.size = stream_size,
	.read = stream_read,
	.write = stream_write,
	.poll = stream_poll,
};
