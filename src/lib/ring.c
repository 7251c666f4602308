/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ring buffers: the core's, in this process's memory, or else the map's file
 * stream, each read and write of which is a record.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/wait.h"
#include "lib/lib.h"

/* Room for a record that the callback of mapfs_ring_consume gets, at first. */
#define RECORD_ROOM 4096u

/* Before a change, and before waiting for one. */
static int begin(struct mapfs_map *map)
{
	if (!map_type_ops(map->attr.map_type)->map_consume)
		return -EOPNOTSUPP;
	return lib_begin(map);
}

int mapfs_ring_reserve(struct mapfs_map *map, uint64_t size, void **data)
{
	int err = begin(map);

	if (!err)
		err = map->core ? map_reserve(map->core, size, data) :
				  -EOPNOTSUPP;
	return lib_result(err);
}

static int finish(struct mapfs_map *map, void *data, bool discard)
{
	int err = begin(map);

	if (!err)
		err = map->core ? map_finish(map->core, data, discard) :
				  -EOPNOTSUPP;
	return lib_result(err);
}

int mapfs_ring_commit(struct mapfs_map *map, void *data)
{
	return finish(map, data, false);
}

int mapfs_ring_discard(struct mapfs_map *map, void *data)
{
	return finish(map, data, true);
}

/* The kernel does not pass on a write of nothing. */
static int write_record(const struct mapfs_map *map, const void *data,
			uint64_t size)
{
	if (!size)
		return -EOPNOTSUPP;
	if (size > MAPFS_RECORD_MAX)
		return size > map->attr.max_entries ? -E2BIG : -EMSGSIZE;
	return write(map->stream, data, size) < 0 ? -errno : 0;
}

int mapfs_ring_output(struct mapfs_map *map, const void *data, uint64_t size)
{
	int err = begin(map);

	if (!err)
		err = map->core ? map_output(map->core, data, size) :
				  write_record(map, data, size);
	return lib_result(err);
}

/* A read that is filled is gone on with by the kernel beyond this size. */
static ssize_t read_record(const struct mapfs_map *map, void *data, size_t size)
{
	ssize_t len;

	if (!size)
		return -EMSGSIZE;
	if (size > MAPFS_RECORD_MAX)
		size = MAPFS_RECORD_MAX;
	len = read(map->stream, data, size);
	return len < 0 ? -errno : len;
}

static int take(struct mapfs_map *map, void *data, size_t size)
{
	return (int)(map->core ? map_consume(map->core, data, size) :
				 read_record(map, data, size));
}

int mapfs_ring_take(struct mapfs_map *map, void *data, size_t size)
{
	int err = begin(map);

	return lib_result(err ? err : take(map, data, size));
}

static int wait_memory(struct map *core, uint64_t deadline)
{
	uint64_t seen;
	int res;

	do {
		seen = map_additions(core);
		res = map_pending(core);
		if (res)
			return res;
		res = map_wait(core, seen, deadline);
	} while (!res);
	return res == -ETIMEDOUT ? 0 : res;
}

static int wait_stream(const struct mapfs_map *map, int timeout)
{
	struct pollfd stream = { .fd = map->stream, .events = POLLIN };
	int res = poll(&stream, 1, timeout);

	if (res <= 0)
		return res < 0 ? -errno : 0;
	if (stream.revents & POLLIN)
		return 1;
	return stream.revents & POLLHUP ? -EPERM : -EIO;
}

int mapfs_ring_poll(struct mapfs_map *map, int timeout)
{
	uint64_t deadline = WAIT_FOREVER;
	int err = begin(map);

	if (err)
		return lib_result(err);
	if (timeout >= 0)
		deadline = wait_until((uint64_t)timeout * 1000000u);
	return lib_result(map->core ? wait_memory(map->core, deadline) :
				      wait_stream(map, timeout));
}

/* The next record, into room that grows with it. */
static int take_whole(struct mapfs_map *map, void **room, size_t *size)
{
	void *more;
	int len;

	while ((len = take(map, *room, *size)) == -EMSGSIZE &&
	       *size < map->attr.max_entries) {
		more = realloc(*room, 2 * *size);
		if (!more)
			return -ENOMEM;
		*room = more;
		*size *= 2;
	}
	return len;
}

int mapfs_ring_consume(struct mapfs_map *map, mapfs_ring_fn fn, void *context)
{
	size_t size = RECORD_ROOM;
	int err = begin(map);
	int count = 0;
	int len = 0;
	void *room;

	if (err)
		return lib_result(err);
	room = malloc(size);
	if (!room)
		return lib_result(-ENOMEM);
	while (!err && count < INT32_MAX) {
		len = take_whole(map, &room, &size);
		if (len < 0)
			break;
		err = fn(context, room, (size_t)len);
		count++;
	}
	free(room);
	if (err < 0)
		return lib_result(err);
	return len < 0 && len != -EAGAIN ? lib_result(len) : count;
}

int mapfs_ring_query(struct mapfs_map *map, uint32_t what, uint64_t *number)
{
	struct lib_call call = { .op = MAPFS_CALL_QUERY, .position = what };
	int err = 0;

	if (!map_type_ops(map->attr.map_type)->map_query)
		return lib_result(-EOPNOTSUPP);
	if (map->core)
		call.position = map_query(map->core, what);
	else
		err = lib_call(map, &call);
	if (!err)
		*number = call.position;
	return lib_result(err);
}
