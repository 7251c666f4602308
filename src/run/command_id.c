/* SPDX-License-Identifier: BSD-2-Clause */
/* bpf(2): ids, and what there is to be known of an object. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core/map.h"
#include "run/command.h"
#include "run/memory.h"
#include "run/mount.h"

/* Ids are positive ints, and so is what they are looked for above. */
#define START_ID_MAX 0x7fffffffu

/* The run's own, also those without a name, and all that the mount has. */
static uint32_t find_next(const struct request *req, enum object_kind kind,
			  uint32_t start)
{
	struct run *run = req->call->run;
	struct object *object = object_next(&run->objects, kind, start);
	uint32_t mounted = 0;
	uint32_t own = 0;

	if (object) {
		own = object->id;
		request_drop(req, object);
	}
	if (run->mount && kind == OBJECT_MAP) {
		objects_wait(&run->objects);
		mounted = mount_next_id(run->mount, start);
	}
	return !own || (mounted && mounted < own) ? mounted : own;
}

static int next_id(struct request *req, enum object_kind kind)
{
	uint32_t id;

	call_trace(req->call, " above %u", req->attr.start_id);
	if (req->attr.start_id >= START_ID_MAX)
		return -EINVAL;
	id = find_next(req, kind, req->attr.start_id);
	if (!id)
		return -ENOENT;
	call_trace(req->call, " next %u", id);
	return memory_write(req->call,
			    req->addr + offsetof(union bpf_attr, next_id), &id,
			    sizeof(id));
}

static int find_id(const struct request *req, enum object_kind kind,
		   uint32_t id, struct object **object)
{
	struct run *run = req->call->run;

	if (kind == OBJECT_MAP)
		return mount_object_by_id(run, id, object);
	*object = object_by_id(&run->objects, kind, id);
	return *object ? 0 : -ENOENT;
}

static int open_id(struct request *req, enum object_kind kind, uint32_t flags)
{
	struct object *object;
	enum object_mode mode;
	int err;

	call_trace(req->call, " id %u flags %#x", req->attr.map_id, flags);
	if (flags & ~(uint32_t)(BPF_F_RDONLY | BPF_F_WRONLY))
		return -EINVAL;
	err = request_mode(flags, &mode);
	if (err)
		return err;
	err = find_id(req, kind, req->attr.map_id, &object);
	if (err)
		return err;
	err = request_give(req, object, mode);
	request_drop(req, object);
	return err;
}

int map_next_id_command(struct request *req)
{
	return next_id(req, OBJECT_MAP);
}

int btf_next_id_command(struct request *req)
{
	return next_id(req, OBJECT_BTF);
}

int prog_next_id_command(struct request *req)
{
	return next_id(req, OBJECT_PROG);
}

/* There are none. */
int link_next_id_command(struct request *req)
{
	return req->attr.start_id >= START_ID_MAX ? -EINVAL : -ENOENT;
}

int map_by_id_command(struct request *req)
{
	return open_id(req, OBJECT_MAP, req->attr.open_flags);
}

int btf_by_id_command(struct request *req)
{
	return open_id(req, OBJECT_BTF, 0);
}

int prog_by_id_command(struct request *req)
{
	return open_id(req, OBJECT_PROG, 0);
}

/*
 * struct bpf_map_info of Linux 6.18, of which the target's headers and ours may
 * know a part.  From hash on it is asked, not told.
 */
struct map_info {
	uint32_t type;
	uint32_t id;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t map_flags;
	char name[16];
	uint32_t ifindex;
	uint32_t btf_vmlinux_value_type_id;
	uint64_t netns_dev;
	uint64_t netns_ino;
	uint32_t btf_id;
	uint32_t btf_key_type_id;
	uint32_t btf_value_type_id;
	uint32_t btf_vmlinux_id;
	uint64_t map_extra;
	uint64_t hash;
	uint32_t hash_size;
	uint32_t unused;
};

_Static_assert(sizeof(struct map_info) == 104, "the kernel's format");

/* struct bpf_btf_info; the first three are asked, see there. */
struct btf_info {
	uint64_t btf;
	uint32_t btf_size;
	uint32_t id;
	uint64_t name;
	uint32_t name_len;
	uint32_t kernel_btf;
};

_Static_assert(sizeof(struct btf_info) == 32, "the kernel's format");

/*
 * What the target has of an info, 'own' bytes at most; what it has beyond
 * 'known' must be zero.  *len becomes the bytes to be told.
 */
static int read_info(const struct request *req, void *info, uint32_t own,
		     uint32_t known, uint32_t *len)
{
	uint64_t addr = req->attr.info.info;
	uint32_t size = req->attr.info.info_len;
	int err;

	if (size > USER_BYTES_MAX)
		return -E2BIG;
	if (size > known) {
		err = memory_check_zero(req->call, addr + known, size - known);
		if (err)
			return err;
	}
	*len = size < own ? size : own;
	return memory_read(req->call, addr, info, *len);
}

static int write_info(const struct request *req, const void *info, uint32_t len)
{
	uint64_t len_addr = req->addr + offsetof(union bpf_attr, info.info_len);
	int err = memory_write(req->call, req->attr.info.info, info, len);

	if (err)
		return err;
	return memory_write(req->call, len_addr, &len, sizeof(len));
}

/* Of SHA-256. */
#define HASH_BYTES 32u

/* A hash of the content is not had here; the errnos are. */
static int refuse_hash(const struct request *req, const struct object *object,
		       const struct map_info *info)
{
	if (!info->hash && !info->hash_size)
		return 0;
	run_tell(req->call->run, "a map's hash cannot be asked for");
	if (object->map->map_type == BPF_MAP_TYPE_ARRAY && info->hash &&
	    info->hash_size == HASH_BYTES && !object_frozen(object))
		return -EPERM;
	return -EINVAL;
}

static int map_info(const struct request *req, const struct object *object)
{
	const struct map *map = object->map;
	struct map_info info = { 0 };
	uint32_t len;
	int err = read_info(req, &info, sizeof(info),
			    offsetof(struct map_info, unused), &len);

	if (!err)
		err = refuse_hash(req, object, &info);
	if (err)
		return err;
	memset(&info, 0, sizeof(info));
	info.type = map->map_type;
	info.id = object->id;
	info.key_size = map->key_size;
	info.value_size = map->value_size;
	info.max_entries = map->max_entries;
	info.map_flags = map->map_flags;
	memcpy(info.name, map->name, MAP_NAME_LEN);
	info.btf_id = object->btf ? object->btf->id : 0;
	info.btf_key_type_id = object->btf_key_type_id;
	info.btf_value_type_id = object->btf_value_type_id;
	info.map_extra = map->map_extra;
	return write_info(req, &info, len);
}

/* As much of the data as there is room for. */
static int btf_info(const struct request *req, const struct object *object)
{
	struct btf_info info = { 0 };
	uint32_t part;
	uint32_t len;
	int err = read_info(req, &info, sizeof(info), sizeof(info), &len);

	if (err)
		return err;
	part = info.btf_size < object->size ? info.btf_size : object->size;
	err = memory_write(req->call, info.btf, object->data, part);
	if (err)
		return err;
	info.btf_size = object->size;
	info.id = object->id;
	info.name_len = 0;
	info.kernel_btf = 0;
	return write_info(req, &info, len);
}

static int prog_info(const struct request *req, const struct object *object)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len;
	int err = read_info(req, &info, sizeof(info), sizeof(info), &len);

	if (err)
		return err;
	memset(&info, 0, sizeof(info));
	info.type = object->prog_type;
	info.id = object->id;
	memcpy(info.name, object->name, sizeof(info.name));
	return write_info(req, &info, len);
}

/* Whose descriptor is wrong is told so by another errno than elsewhere. */
int info_command(struct request *req)
{
	static int (*const infos[OBJECT_KINDS])(const struct request *,
						const struct object *) = {
		[OBJECT_MAP] = map_info,
		[OBJECT_BTF] = btf_info,
		[OBJECT_PROG] = prog_info,
	};
	struct object *object;
	enum object_mode mode;
	int err;

	call_trace(req->call, " fd %d", (int)req->attr.info.bpf_fd);
	err = request_any(req, req->attr.info.bpf_fd, &object, &mode);
	if (err)
		return err == -EBADF ? -EBADFD : err;
	object_enter(object);
	err = infos[object->kind](req, object);
	object_leave(object);
	request_drop(req, object);
	return err;
}
