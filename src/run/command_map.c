/* SPDX-License-Identifier: BSD-2-Clause */
/* bpf(2): whole maps. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/map.h"
#include "run/command.h"
#include "run/fields.h"
#include "run/mount.h"

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

/*
 * An array's elements are got from memory where it can be mapped, and else by
 * a call each.
 */
static int create_own(const struct map_attr *attr, struct map_refusal *refusal,
		      struct map **map)
{
	struct charge charge = { 0 };
	int err = map_create(attr, &charge, refusal, map);

	if (!err && (*map)->ops->map_mmap)
		map_mmap(*map, PROT_READ | PROT_WRITE);
	return err;
}

/* By the daemon, after our own checks: its order of them is another one. */
static int create_mounted(const struct request *req,
			  const struct map_attr *attr,
			  struct map_refusal *refusal,
			  const struct object *inner, struct object *object)
{
	int err = map_create_check(attr, refusal);

	if (!err)
		err = mount_create(req->call->run->mount, attr,
				   inner ? inner->id : 0, &object->mounted);
	if (err)
		return err;
	object->id = object->mounted->id;
	memcpy(object->name, attr->map_name, sizeof(object->name));
	object_settle(object);
	return 0;
}

static int create_map(const struct request *req, struct object *object)
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
	struct object *inner;
	int inner_err = inner_map(req, &inner);
	int err;

	if (inner_err)
		inner = NULL;
	if (inner)
		object_enter(inner);
	made.inner_map = inner ? inner->map : NULL;
	memcpy(made.map_name, attr->map_name, MAP_NAME_LEN);
	err = req->call->run->mount ?
		      create_mounted(req, &made, &refusal, inner, object) :
		      create_own(&made, &refusal, &object->map);
	if (inner && !err)
		err = fields_copy(inner->fields, &object->inner_fields);
	if (inner)
		request_done(req, inner);
	/* It misses the inner map when it is that one's turn to be wrong. */
	if (err == -EBADF && inner_err)
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
	err = fields_make(object->map, object->btf->types,
			  attr->btf_key_type_id, attr->btf_value_type_id,
			  &object->fields);
	object->btf_key_type_id = attr->btf_key_type_id;
	object->btf_value_type_id = attr->btf_value_type_id;
	return err;
}

static int fill(const struct request *req, struct object *object)
{
	int err;

	object->kind = OBJECT_MAP;
	err = create_map(req, object);
	/* What was closed a moment ago may be there still. */
	if (err == -EMFILE) {
		objects_collect(&req->call->run->objects);
		err = create_map(req, object);
	}
	if (err)
		return err;
	forget_mode(object->map);
	err = set_btf(req, object);
	if (!err)
		err = check_excl_prog(req);
	return err ? err : object_add(&req->call->run->objects, object);
}

/* A new object that came to nothing. */
static void discard(const struct request *req, struct object *object)
{
	if (object->btf)
		request_drop(req, object->btf);
	object_release(object);
}

int map_create_command(struct request *req)
{
	struct object *object;
	enum object_mode mode;
	int err = check_create(req);

	call_trace(req->call,
		   " type %u key %u value %u entries %u flags %#x name %.15s",
		   req->attr.map_type, req->attr.key_size, req->attr.value_size,
		   req->attr.max_entries, req->attr.map_flags,
		   req->attr.map_name);
	if (err)
		return err;
	object = calloc(1, sizeof(*object));
	if (!object)
		return -ENOMEM;
	mount_lock(req->call->run->mount);
	err = fill(req, object);
	mount_unlock(req->call->run->mount);
	if (err) {
		discard(req, object);
		return err;
	}
	request_mode(req->attr.map_flags, &mode);
	err = request_give(req, object, mode);
	request_drop(req, object);
	return err;
}

/*
 * A descriptor that has become a file of the mount is in the way of a freeze;
 * nobody has mapped it, or it does not succeed anyhow.
 */
static void give_back_memory(const struct request *req)
{
	struct objects *objects = &req->call->run->objects;
	struct object *object;
	enum object_mode mode;
	int fd;

	if (request_any(req, req->attr.map_fd, &object, &mode))
		return;
	if (mode == MODE_MAPPED) {
		fd = object_open(objects, object, MODE_FULL);
		if (fd >= 0)
			call_replace(req->call, (int)req->attr.map_fd, fd);
	}
	request_drop(req, object);
}

/* By whoever asks: what a lock or the like is in has to be written. */
static bool has_fields(const struct request *req)
{
	struct object *object;
	enum object_mode mode;
	bool has;

	if (request_object(req, req->attr.map_fd, OBJECT_MAP, &object, &mode))
		return false;
	has = object->fields;
	request_drop(req, object);
	return has;
}

/*
 * A frozen map's descriptors can only be told by how they are asked: who may
 * not write may not freeze either, and it is frozen once.
 */
int map_freeze_command(struct request *req)
{
	struct object *object;
	int err;

	if (has_fields(req))
		return -ENOTSUPP;
	err = request_map(req, req->attr.map_fd, WANT_WRITE, &object);
	if (err)
		return err;
	object_leave(object);
	give_back_memory(req);
	err = object_freeze(&req->call->run->objects, object);
	request_drop(req, object);
	return err;
}
