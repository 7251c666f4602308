/* SPDX-License-Identifier: BSD-2-Clause */
/* bpf(2): whole maps. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/map.h"
#include "run/command.h"

/* Members of MAP_CREATE that are newer than some systems' headers. */
#define EXCL_PROG_HASH_OFF  80
#define EXCL_PROG_HASH_SIZE 32u

struct excl_prog_hash {
	uint64_t addr;
	uint32_t size;
};

/*
 * The programs that a map could be reserved for there are not, but a wrong
 * reservation is an error.
 */
static int check_excl_prog(const struct request *req)
{
	struct excl_prog_hash hash;

	memcpy(&hash, req->bytes + EXCL_PROG_HASH_OFF, sizeof(hash));
	if (!hash.addr && !hash.size)
		return 0;
	return hash.addr && hash.size == EXCL_PROG_HASH_SIZE ? 0 : -EINVAL;
}

static int check_create(const struct request *req)
{
	const union bpf_attr *attr = &req->attr;

	if (attr->btf_vmlinux_value_type_id)
		return -EINVAL;
	return attr->btf_key_type_id && !attr->btf_value_type_id ? -EINVAL : 0;
}

/* The map that a map of maps is to have others like, with a hold, or NULL. */
static int inner_map(const struct request *req, struct object **object)
{
	const struct map_ops *ops = map_type_ops(req->attr.map_type);
	enum object_mode mode;

	*object = NULL;
	if (!ops || !(ops->flags & MAP_OF_MAPS))
		return 0;
	call_trace(req->call, " inner fd %d", (int)req->attr.inner_map_fd);
	return request_object(req, req->attr.inner_map_fd, OBJECT_MAP, object,
			      &mode);
}

static int create_map(const struct request *req, struct map **map)
{
	const union bpf_attr *attr = &req->attr;
	struct map_attr made = {
		.map_type = attr->map_type,
		.key_size = attr->key_size,
		.value_size = attr->value_size,
		.max_entries = attr->max_entries,
		.map_flags = attr->map_flags,
		.numa_node = (int32_t)attr->numa_node,
		.map_extra = attr->map_extra,
		.space = &req->call->run->objects.space,
	};
	struct map_refusal refusal = { "", "" };
	struct charge charge = { 0 };
	struct object *inner;
	int inner_err = inner_map(req, &inner);
	int err;

	made.inner_map = inner_err || !inner ? NULL : inner->map;
	memcpy(made.map_name, attr->map_name, MAP_NAME_LEN);
	err = map_create(&made, &charge, &refusal, map);
	if (made.inner_map)
		request_drop(req, inner);
	/* It misses the inner map when it is that one's turn to be wrong. */
	if (err == -EBADF)
		err = inner_err;
	if (err && refusal.why[0])
		run_tell(req->call->run, "MAP_CREATE: %s: %s", refusal.word,
			 refusal.why);
	/* All that a type here lacks and says so is the kernel's 524. */
	return err == -EOPNOTSUPP ? -ENOTSUPP : err;
}

/* The mode is the descriptor's. */
static void forget_mode(struct map *map)
{
	map->map_flags &= ~(uint32_t)(BPF_F_RDONLY | BPF_F_WRONLY);
}

static int set_btf(const struct request *req, struct object *object)
{
	const union bpf_attr *attr = &req->attr;
	enum object_mode mode;
	int err;

	if (!attr->btf_value_type_id)
		return 0;
	err = request_object(req, attr->btf_fd, OBJECT_BTF, &object->btf,
			     &mode);
	if (err)
		return err;
	/* What it holds are maps, of no type. */
	if (object->map->ops->flags & MAP_OF_MAPS) {
		request_drop(req, object->btf);
		return -ENOTSUPP;
	}
	object->btf_key_type_id = attr->btf_key_type_id;
	object->btf_value_type_id = attr->btf_value_type_id;
	return 0;
}

/* An object for the map, which it takes over also on failure. */
static int add_map(const struct request *req, struct map *map,
		   struct object **objectp)
{
	struct object *object = calloc(1, sizeof(*object));
	int err = -ENOMEM;

	if (!object)
		goto err_put;
	object->kind = OBJECT_MAP;
	object->map = map;
	err = set_btf(req, object);
	if (err)
		goto err_free;
	err = object_add(&req->call->run->objects, object);
	if (err)
		goto err_btf;
	*objectp = object;
	return 0;

err_btf:
	if (object->btf)
		request_drop(req, object->btf);
err_free:
	free(object);
err_put:
	map_put(map);
	return err;
}

int map_create_command(struct request *req)
{
	struct object *object = NULL;
	enum object_mode mode;
	struct map *map;
	int err = check_create(req);

	call_trace(req->call,
		   " type %u key %u value %u entries %u flags %#x name %.15s",
		   req->attr.map_type, req->attr.key_size, req->attr.value_size,
		   req->attr.max_entries, req->attr.map_flags,
		   req->attr.map_name);
	if (!err)
		err = create_map(req, &map);
	if (err)
		return err;
	err = check_excl_prog(req);
	if (err) {
		map_put(map);
		return err;
	}
	request_mode(req->attr.map_flags, &mode);
	forget_mode(map);
	err = add_map(req, map, &object);
	if (err)
		return err;
	err = request_give(req, object, mode);
	request_drop(req, object);
	return err;
}

/*
 * A frozen map's descriptors can only be told by how they are asked: who may
 * not write may not freeze either, and it is frozen once.
 */
int map_freeze_command(struct request *req)
{
	struct object *object;
	int err = request_map(req, req->attr.map_fd, WANT_WRITE, &object);

	if (err)
		return err;
	err = map_freeze_mapped(object->map);
	request_drop(req, object);
	return err;
}
