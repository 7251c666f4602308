/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "mapfs/ioctl.h"

/* A call that has been found to be of the right size. */
struct elem_call {
	struct map *map;
	struct mapfs_call *at;
	unsigned char *key;
	unsigned char *value;
	size_t value_size; /* bytes there is room for */
};

static int do_lookup(struct elem_call *c)
{
	return map_lookup_elem_mark(c->map, c->key, c->value);
}

static int do_update(struct elem_call *c)
{
	return map_update_elem(c->map, c->key, c->value, c->at->flags);
}

static int do_delete(struct elem_call *c)
{
	return map_delete_elem(c->map, c->key);
}

static int do_take(struct elem_call *c)
{
	return map_lookup_and_delete_elem(c->map, c->key, c->value);
}

static int do_next_key(struct elem_call *c)
{
	return map_get_next_key(c->map, c->at->has_key ? c->key : NULL, c->key);
}

static int do_iter(struct elem_call *c)
{
	int res = map_seq_show_elem(c->map, &c->at->position, c->key,
				    c->value_size ? c->value : NULL, 1);

	if (res >= 0)
		c->at->result = res;
	return res < 0 ? res : 0;
}

static int do_lookup_cpu(struct elem_call *c)
{
	return map_lookup_percpu_elem(c->map, c->key, c->value, c->at->cpu);
}

static int do_update_cpu(struct elem_call *c)
{
	return map_update_percpu_elem(c->map, c->key, c->value, c->at->cpu,
				      c->at->flags);
}

static int do_entries(struct elem_call *c)
{
	c->at->position = map_used_entries(c->map);
	return 0;
}

static int do_push(struct elem_call *c)
{
	return map_push_elem(c->map, c->value, c->at->flags);
}

static int do_pop(struct elem_call *c)
{
	return map_pop_elem(c->map, c->value);
}

static int do_peek(struct elem_call *c)
{
	return map_peek_elem(c->map, c->value);
}

static int do_query(struct elem_call *c)
{
	if (!c->map->ops->map_query)
		return -EOPNOTSUPP;
	c->at->position = map_query(c->map, (uint32_t)c->at->position);
	return 0;
}

/* The value that an operation has to come with. */
enum room {
	ROOM_NONE,
	ROOM_VALUE,    /* map_value_bytes */
	ROOM_SLOT,     /* value_size */
	ROOM_OPTIONAL, /* a value or none */
};

static const struct {
	int (*run)(struct elem_call *call);
	int access; /* O_RDONLY, ... */
	enum room room;
} operations[] = {
	[MAPFS_CALL_LOOKUP] = { do_lookup, O_RDONLY, ROOM_VALUE },
	[MAPFS_CALL_UPDATE] = { do_update, O_WRONLY, ROOM_VALUE },
	[MAPFS_CALL_DELETE] = { do_delete, O_WRONLY, ROOM_NONE },
	[MAPFS_CALL_TAKE] = { do_take, O_RDWR, ROOM_VALUE },
	[MAPFS_CALL_NEXT_KEY] = { do_next_key, O_RDONLY, ROOM_NONE },
	[MAPFS_CALL_ITER] = { do_iter, O_RDONLY, ROOM_OPTIONAL },
	[MAPFS_CALL_LOOKUP_CPU] = { do_lookup_cpu, O_RDONLY, ROOM_SLOT },
	[MAPFS_CALL_UPDATE_CPU] = { do_update_cpu, O_WRONLY, ROOM_SLOT },
	[MAPFS_CALL_ENTRIES] = { do_entries, O_RDONLY, ROOM_NONE },
	[MAPFS_CALL_PUSH] = { do_push, O_WRONLY, ROOM_VALUE },
	[MAPFS_CALL_POP] = { do_pop, O_RDWR, ROOM_VALUE },
	[MAPFS_CALL_PEEK] = { do_peek, O_RDONLY, ROOM_VALUE },
	[MAPFS_CALL_QUERY] = { do_query, O_RDONLY, ROOM_NONE },
};

#define NOPERATIONS (sizeof(operations) / sizeof(operations[0]))

static bool fits(const struct map *map, enum room room, size_t size)
{
	switch (room) {
	case ROOM_NONE:
		return !size;
	case ROOM_VALUE:
		return size == map_value_bytes(map);
	case ROOM_SLOT:
		return size == map->value_size;
	case ROOM_OPTIONAL:
		return !size || size == map_value_bytes(map);
	}
	return false;
}

/* Who takes an element reads it, too. */
static bool permits(int access, bool readable, bool writable)
{
	return (readable || access == O_WRONLY) &&
	       (writable || access == O_RDONLY);
}

int call_elem(struct map *map, void *buf, size_t size, bool readable,
	      bool writable)
{
	struct elem_call call = { .map = map, .at = buf };
	size_t head = sizeof(*call.at) + (map ? map->key_size : 0);
	uint32_t op;

	if (!map)
		return -ENODATA;
	if (size < head)
		return -EINVAL;
	op = call.at->op;
	if (op >= NOPERATIONS || !operations[op].run)
		return -EINVAL;
	if (!permits(operations[op].access, readable, writable))
		return -EBADF;
	call.key = (unsigned char *)(call.at + 1);
	call.value = call.key + map->key_size;
	call.value_size = size - head;
	if (!fits(map, operations[op].room, call.value_size))
		return -EINVAL;
	call.at->result = 0;
	return operations[op].run(&call);
}
