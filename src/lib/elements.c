/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on elements: the core's, in this process's memory, or else the
 * daemon's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "core/topology.h"
#include "core/wait.h"
#include "lib/lib.h"

int lib_begin(struct mapfs_map *map)
{
	if (!map->writable)
		return -EPERM;
	if (map->core && map->core->ops->map_owner_get)
		return lib_join(map);
	return 0;
}

size_t lib_value_bytes(const struct mapfs_map *map)
{
	const struct map_ops *ops = map_type_ops(map->attr.map_type);

	if (!(ops->flags & MAP_PERCPU))
		return map->attr.value_size;
	return (size_t)((map->attr.value_size + 7) & ~7u) * topology_cpus();
}

bool lib_is_memory(const struct mapfs_map *map)
{
	const struct region *region;

	if (!map->core)
		return false;
	region = map_region(map->core, 0);
	return region && region->base;
}

/* Of the calling thread, at this moment. */
static uint32_t which_cpu(uint32_t cpu)
{
	return cpu == MAPFS_THIS_CPU ? topology_this_cpu() : cpu;
}

int mapfs_lookup(struct mapfs_map *map, const void *key, void *value)
{
	struct lib_call call = {
		.op = MAPFS_CALL_LOOKUP,
		.key = key,
		.value_out = value,
		.value_size = lib_value_bytes(map),
	};

	return lib_result(map->core ?
				  map_lookup_elem_mark(map->core, key, value) :
				  lib_call(map, &call));
}

int mapfs_update(struct mapfs_map *map, const void *key, const void *value,
		 uint64_t flags)
{
	struct lib_call call = {
		.op = MAPFS_CALL_UPDATE,
		.flags = flags,
		.key = key,
		.value = value,
		.value_size = lib_value_bytes(map),
	};
	int err = lib_begin(map);

	if (!err)
		err = map->core ?
			      map_update_elem(map->core, key, value, flags) :
			      lib_call(map, &call);
	return lib_result(err);
}

int mapfs_delete(struct mapfs_map *map, const void *key)
{
	struct lib_call call = { .op = MAPFS_CALL_DELETE, .key = key };
	int err = lib_begin(map);

	if (!err)
		err = map->core ? map_delete_elem(map->core, key) :
				  lib_call(map, &call);
	return lib_result(err);
}

int mapfs_lookup_and_delete(struct mapfs_map *map, const void *key, void *value)
{
	struct lib_call call = {
		.op = MAPFS_CALL_TAKE,
		.key = key,
		.value_out = value,
		.value_size = lib_value_bytes(map),
	};
	int err = lib_begin(map);

	if (!err)
		err = map->core ? map_lookup_and_delete_elem(map->core, key,
							     value) :
				  lib_call(map, &call);
	return lib_result(err);
}

int mapfs_next_key(struct mapfs_map *map, const void *key, void *next_key)
{
	struct lib_call call = {
		.op = MAPFS_CALL_NEXT_KEY,
		.key = key,
		.key_out = next_key,
	};

	return lib_result(map->core ?
				  map_get_next_key(map->core, key, next_key) :
				  lib_call(map, &call));
}

int mapfs_iter_next(struct mapfs_map *map, struct mapfs_iter *iter, void *key,
		    void *value)
{
	struct lib_call call = {
		.op = MAPFS_CALL_ITER,
		.position = iter->position,
		.key_out = key,
		.value_out = value,
		.value_size = value ? lib_value_bytes(map) : 0,
	};
	int res;

	if (map->core)
		return lib_result(map_seq_show_elem(map->core, &iter->position,
						    key, value, 1));
	res = lib_call(map, &call);
	if (res > 0)
		iter->position = call.position;
	return lib_result(res);
}

int mapfs_lookup_cpu(struct mapfs_map *map, const void *key, uint32_t cpu,
		     void *value)
{
	struct lib_call call = {
		.op = MAPFS_CALL_LOOKUP_CPU,
		.cpu = which_cpu(cpu),
		.key = key,
		.value_out = value,
		.value_size = map->attr.value_size,
	};

	return lib_result(map->core ? map_lookup_percpu_elem(map->core, key,
							     value, call.cpu) :
				      lib_call(map, &call));
}

int mapfs_update_cpu(struct mapfs_map *map, const void *key, uint32_t cpu,
		     const void *value, uint64_t flags)
{
	struct lib_call call = {
		.op = MAPFS_CALL_UPDATE_CPU,
		.cpu = which_cpu(cpu),
		.flags = flags,
		.key = key,
		.value = value,
		.value_size = map->attr.value_size,
	};
	int err = lib_begin(map);

	if (!err)
		err = map->core ? map_update_percpu_elem(map->core, key, value,
							 call.cpu, flags) :
				  lib_call(map, &call);
	return lib_result(err);
}

int mapfs_push(struct mapfs_map *map, const void *value, uint64_t flags)
{
	struct lib_call call = {
		.op = MAPFS_CALL_PUSH,
		.flags = flags,
		.value = value,
		.value_size = lib_value_bytes(map),
	};
	int err = lib_begin(map);

	if (!err)
		err = map->core ? map_push_elem(map->core, value, flags) :
				  lib_call(map, &call);
	return lib_result(err);
}

static int pop(struct mapfs_map *map, void *value)
{
	struct lib_call call = {
		.op = MAPFS_CALL_POP,
		.value_out = value,
		.value_size = lib_value_bytes(map),
	};
	int err = lib_begin(map);

	if (err)
		return err;
	return map->core ? map_pop_elem(map->core, value) :
			   lib_call(map, &call);
}

int mapfs_pop(struct mapfs_map *map, void *value)
{
	return lib_result(pop(map, value));
}

/* In our memory, unless somebody pops before us. */
static int pop_mapped(struct mapfs_map *map, void *value, uint64_t deadline)
{
	uint64_t seen;
	int err;

	do {
		seen = map_additions(map->core);
		err = pop(map, value);
		if (err != -ENOENT)
			return err;
		err = map_wait(map->core, seen, deadline);
	} while (!err);
	return err;
}

/* Milliseconds that are left, for poll(2): not 0 before the time is up. */
static int left_ms(uint64_t deadline)
{
	uint64_t now = wait_now();

	if (deadline == WAIT_FOREVER)
		return -1;
	return now < deadline ? (int)((deadline - now) / 1000000 + 1) : 0;
}

static int pop_polled(struct mapfs_map *map, void *value, uint64_t deadline)
{
	struct pollfd poller = { .events = POLLIN };
	int ready = 1;
	int err;

	poller.fd = openat(map->dir, "pop", O_RDONLY | O_CLOEXEC);
	if (poller.fd < 0)
		return -errno;
	while ((err = pop(map, value)) == -ENOENT && ready) {
		ready = poll(&poller, 1, left_ms(deadline));
		if (ready < 0) {
			err = -errno;
			break;
		}
	}
	close(poller.fd);
	return err == -ENOENT ? -ETIMEDOUT : err;
}

int mapfs_pop_wait(struct mapfs_map *map, void *value, int timeout_ms)
{
	uint64_t deadline = timeout_ms < 0 ?
				    WAIT_FOREVER :
				    wait_until((uint64_t)timeout_ms * 1000000);
	int err = pop(map, value);

	if (err == -ENOENT)
		err = map->core ? pop_mapped(map, value, deadline) :
				  pop_polled(map, value, deadline);
	return lib_result(err);
}

/* A bloom filter's value goes in, and comes back as it was. */
int mapfs_peek(struct mapfs_map *map, void *value)
{
	struct lib_call call = {
		.op = MAPFS_CALL_PEEK,
		.value = value,
		.value_out = value,
		.value_size = lib_value_bytes(map),
	};

	return lib_result(map->core ? map_peek_elem(map->core, value) :
				      lib_call(map, &call));
}

int mapfs_array(struct mapfs_map *map, uint32_t cpu, struct mapfs_array *array)
{
	int err = map->core ? map_gen_lookup(map->core, cpu, array) :
			      -EOPNOTSUPP;

	return lib_result(err == -EINVAL ? -EOPNOTSUPP : err);
}

void *mapfs_value_addr(struct mapfs_map *map, uint32_t index, uint32_t cpu)
{
	struct mapfs_array array;
	void *addr;

	if (mapfs_array(map, cpu, &array))
		return NULL;
	addr = mapfs_array_lookup(&array, index);
	if (!addr)
		errno = ENOENT;
	return addr;
}

int mapfs_value_index(struct mapfs_map *map, const void *addr, uint32_t cpu,
		      uint32_t *index, uint32_t *offset)
{
	struct mapfs_array array;
	uintptr_t base;
	uintptr_t at = (uintptr_t)addr;
	int err = mapfs_array(map, cpu, &array);

	if (err)
		return err;
	base = (uintptr_t)array.base;
	if (at < base || (at - base) / array.record_size >= array.max_entries ||
	    (at - base) % array.record_size >= map->attr.value_size)
		return lib_result(-ENOENT);
	*index = (uint32_t)((at - base) / array.record_size);
	*offset = (uint32_t)((at - base) % array.record_size);
	return 0;
}
