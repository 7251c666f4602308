/* SPDX-License-Identifier: BSD-2-Clause */
/* bpf(2): one element at a time. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/map.h"
#include "run/command.h"
#include "run/fields.h"
#include "run/memory.h"

/* Bytes of a key that --trace shows. */
#define TRACE_KEY 16u

/* A hook that a type lacks is an errno that <errno.h> lacks. */
#define HOOK(map, hook, ...) \
	((map)->ops->hook ? hook(map, ##__VA_ARGS__) : -ENOTSUPP)

/* A filter's value is given, not got: there is nothing to take out of it. */
static bool value_is_input(const struct map *map)
{
	return map->ops->map_peek_elem && !map->ops->map_pop_elem;
}

/* Delete and next key of a type without the hook: the kernel has no one way. */
static int no_keys(const struct map *map)
{
	return value_is_input(map) ? -EOPNOTSUPP : -ENOTSUPP;
}

static void trace_key(const struct request *req, const struct map *map,
		      const unsigned char *key)
{
	uint32_t i;

	if (!req->call->trace || !key)
		return;
	call_trace(req->call, " key");
	for (i = 0; i < map->key_size && i < TRACE_KEY; i++)
		call_trace(req->call, " %02x", key[i]);
	if (i < map->key_size)
		call_trace(req->call, " ...");
}

/*
 * The target's key; NULL for a map without keys, and where it may be left out
 * and is.
 */
static int copy_key(const struct request *req, const struct map *map,
		    bool optional, void **key)
{
	int err;

	*key = NULL;
	if (optional && !req->attr.key)
		return 0;
	if (!map->key_size)
		return req->attr.key ? -EINVAL : 0;
	err = memory_copy(req->call, req->attr.key, map->key_size, key);
	if (!err)
		trace_key(req, map, *key);
	return err;
}

typedef int (*element_op_t)(const struct request *req, struct object *object,
			    const void *key);

static int on_element(struct request *req, unsigned int want, bool key_optional,
		      element_op_t op)
{
	struct object *object;
	void *key;
	int err = request_map(req, req->attr.map_fd, want, &object);

	if (err)
		return err;
	if (req->attr.flags & BPF_F_LOCK && !fields_have_lock(object->fields))
		err = -EINVAL;
	if (!err)
		err = copy_key(req, object->map, key_optional, &key);
	if (!err) {
		err = op(req, object, key);
		free(key);
	}
	request_done(req, object);
	return err;
}

static int give_value(const struct request *req, const struct object *object,
		      void *value)
{
	fields_reset(object->fields, object->map, value, 1);
	return memory_write(req->call, req->attr.value, value,
			    map_value_bytes(object->map));
}

static int lookup(const struct request *req, struct object *object,
		  const void *key)
{
	struct map *map = object->map;
	size_t bytes = map_value_bytes(map);
	void *value = NULL;
	int err = 0;

	if (value_is_input(map))
		err = memory_copy(req->call, req->attr.value, bytes, &value);
	else if (!(value = malloc(bytes ? bytes : 1)))
		err = -ENOMEM;
	if (err)
		return err;
	fields_lock(object->fields, req->attr.flags);
	if (map->ops->map_peek_elem)
		err = map_peek_elem(map, value);
	else if (map->ops->map_lookup_elem)
		err = map_lookup_elem_sys_only(map, key, value);
	else
		err = -ENOTSUPP;
	fields_unlock(object->fields, req->attr.flags);
	if (!err && !value_is_input(map))
		err = give_value(req, object, value);
	free(value);
	return err;
}

int lookup_command(struct request *req)
{
	if (req->attr.flags & ~(uint64_t)BPF_F_LOCK)
		return -EINVAL;
	return on_element(req, WANT_READ, false, lookup);
}

static int update(const struct request *req, struct object *object,
		  const void *key)
{
	struct map *map = object->map;
	uint64_t flags = req->attr.flags & ~(uint64_t)BPF_F_LOCK;
	void *value;
	int err = memory_copy(req->call, req->attr.value, map_value_bytes(map),
			      &value);

	if (err)
		return err;
	request_values(req, object, value, 1);
	fields_lock(object->fields, req->attr.flags);
	if (map->ops->map_push_elem)
		err = map_push_elem(map, value, flags);
	else
		err = HOOK(map, map_update_elem, key, value, flags);
	fields_unlock(object->fields, req->attr.flags);
	free(value);
	return err;
}

int update_command(struct request *req)
{
	return on_element(req, WANT_WRITE, false, update);
}

static int delete (const struct request *req, struct object *object,
		   const void *key)
{
	struct map *map = object->map;
	(void)req;
	return map->ops->map_delete_elem ? map_delete_elem(map, key) :
					   no_keys(map);
}

int delete_command(struct request *req)
{
	return on_element(req, WANT_WRITE, false, delete);
}

static int next_key(const struct request *req, struct object *object,
		    const void *key)
{
	struct map *map = object->map;
	void *next = malloc(map->key_size ? map->key_size : 1);
	int err;

	if (!next)
		return -ENOMEM;
	err = map->ops->map_get_next_key ? map_get_next_key(map, key, next) :
					   no_keys(map);
	if (!err)
		err = memory_write(req->call, req->attr.next_key, next,
				   map->key_size);
	free(next);
	return err;
}

/* Here no key means the first one, for every type. */
int next_key_command(struct request *req)
{
	return on_element(req, WANT_READ, true, next_key);
}

/* What cannot be written to the target is gone all the same. */
static int take(const struct request *req, struct object *object,
		const void *key)
{
	struct map *map = object->map;
	size_t bytes = map_value_bytes(map);
	void *value = malloc(bytes ? bytes : 1);
	int err;

	if (!value)
		return -ENOMEM;
	if (map->ops->map_pop_elem)
		err = map_pop_elem(map, value);
	else
		err = HOOK(map, map_lookup_and_delete_elem, key, value);
	if (!err)
		err = give_value(req, object, value);
	free(value);
	return err;
}

int lookup_and_delete_command(struct request *req)
{
	if (req->attr.flags & ~(uint64_t)BPF_F_LOCK)
		return -EINVAL;
	return on_element(req, WANT_READ | WANT_WRITE, false, take);
}
