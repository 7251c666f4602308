/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * push, pop and peek, of maps without keys: values as bytes.
 *
 * A bloom filter's values are written to both push and peek; a write to peek
 * of what is not in fails.  Of queues and stacks each write of push and each
 * read of pop is one element, and a read of an empty one is the end.  peek is
 * the next element, and ends behind it.
 */
#include <errno.h>
#include <poll.h>
#include <sys/stat.h>

#include "fmt/element.h"
#include "fs/dir.h"
#include "fs/file.h"

/*
 * Bytes of a value: a read or write of this many at any address is one request
 * of the kernel's.
 */
#define VALUE_MAX ((1u << 20) - 4096)

static bool has_push(const struct map *map)
{
	return map && map->ops->map_push_elem && map->value_size <= VALUE_MAX;
}

static bool is_queue(const struct map *map)
{
	return has_push(map) && map->ops->map_pop_elem;
}

static bool is_filter(const struct map *map)
{
	return has_push(map) && !map->ops->map_pop_elem;
}

/*
 * Each value in its turn, up to the first that fails: an error, or the bytes
 * of those before it.
 */
static ssize_t each_value(const struct node *node, const void *buf, size_t size,
			  int (*run)(struct map *map, const void *value,
				     uint64_t flags, struct fmt_error *error),
			  struct fmt_error *error)
{
	const unsigned char *value = buf;
	size_t step = node->map->value_size;
	size_t done;
	int err;

	if (size % step)
		return fmt_fail(error, EINVAL,
				"%s: only whole values, of %zu bytes",
				node->type->name, step);
	for (done = 0; done < size; done += step) {
		err = run(node->map, value + done, BPF_ANY, error);
		if (err)
			return done ? (ssize_t)done : err;
	}
	return (ssize_t)size;
}

static ssize_t push_write(const struct node *node, const void *buf, size_t size,
			  uint64_t off, struct fmt_error *error)
{
	(void)off;
	if (is_queue(node->map) && size != node->map->value_size)
		return fmt_fail(error, EINVAL,
				"push: a write is one element, of %u bytes",
				node->map->value_size);
	return each_value(node, buf, size, element_push, error);
}

static int test(struct map *map, const void *value, uint64_t flags,
		struct fmt_error *error)
{
	(void)flags;
	return element_test(map, value, error);
}

static ssize_t filter_write(const struct node *node, const void *buf,
			    size_t size, uint64_t off, struct fmt_error *error)
{
	(void)off;
	return each_value(node, buf, size, test, error);
}

static ssize_t read_one(const struct node *node, void *buf, size_t size,
			int (*get)(struct map *map, void *value),
			struct fmt_error *error)
{
	int err;

	if (size < node->map->value_size)
		return fmt_fail(error, EINVAL,
				"%s: a read is one element, of %u bytes",
				node->type->name, node->map->value_size);
	err = get(node->map, buf);
	if (err == -ENOENT)
		return 0;
	return err ? element_fail(error, node->map, err) :
		     (ssize_t)node->map->value_size;
}

static ssize_t pop_read(const struct node *node, void *buf, size_t size,
			uint64_t off, struct fmt_error *error)
{
	(void)off;
	return read_one(node, buf, size, map_pop_elem, error);
}

static ssize_t peek_read(const struct node *node, void *buf, size_t size,
			 uint64_t off, struct fmt_error *error)
{
	return off ? 0 : read_one(node, buf, size, map_peek_elem, error);
}

/* Who takes elements changes the map: only who may read and write it. */
static void pop_stat(const struct node *node, struct stat *st)
{
	mode_t mode = node->dir->access.mode;

	st->st_mode = S_IFREG | (mode & 0444 & (mode & 0222) << 1);
}

static unsigned int pop_poll(const struct node *node)
{
	if (map_frozen(node->map))
		return POLLHUP;
	return map_used_entries(node->map) ? POLLIN | POLLRDNORM : 0;
}

const struct file_type push_file = {
	.name = "push",
	.in = KIND_MAP,
	.mode = S_IFREG | 0222,
	.applies = has_push,
	.write = push_write,
};

const struct file_type pop_file = {
	.name = "pop",
	.in = KIND_MAP,
	.mode = S_IFREG | 0444,
	.applies = is_queue,
	.stat = pop_stat,
	.read = pop_read,
	.poll = pop_poll,
};

const struct file_type peek_file = {
	.name = "peek",
	.in = KIND_MAP,
	.mode = S_IFREG | 0444,
	.applies = is_queue,
	.read = peek_read,
};

const struct file_type filter_peek_file = {
	.name = "peek",
	.in = KIND_MAP,
	.mode = S_IFREG | 0222,
	.asks = true,
	.applies = is_filter,
	.write = filter_write,
};
