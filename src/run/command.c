/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "core/map.h"
#include "run/child.h"
#include "run/fields.h"
#include "run/memory.h"
#include "run/tables.h"

/* path_fd is the last, and newer than some systems' headers. */
#define OBJ_END 20

/*
 * 'end' is where the command's last member ends: behind it the attr must be
 * zero.  Rows without run are commands that the kernel has and we have not.
 */
static const struct command {
	const char *name;
	int (*run)(struct request *req);
	uint32_t end;
} commands[] = {
	[BPF_MAP_CREATE] = { "MAP_CREATE", map_create_command, 92 },
	[BPF_MAP_LOOKUP_ELEM] = { "MAP_LOOKUP_ELEM", lookup_command,
				  ATTR_END(flags) },
	[BPF_MAP_UPDATE_ELEM] = { "MAP_UPDATE_ELEM", update_command,
				  ATTR_END(flags) },
	[BPF_MAP_DELETE_ELEM] = { "MAP_DELETE_ELEM", delete_command,
				  ATTR_END(key) },
	[BPF_MAP_GET_NEXT_KEY] = { "MAP_GET_NEXT_KEY", next_key_command,
				   ATTR_END(next_key) },
	[BPF_MAP_GET_NEXT_ID] = { "MAP_GET_NEXT_ID", map_next_id_command,
				  ATTR_END(next_id) },
	[BPF_MAP_GET_FD_BY_ID] = { "MAP_GET_FD_BY_ID", map_by_id_command,
				   ATTR_END(open_flags) },
	[BPF_OBJ_GET_INFO_BY_FD] = { "OBJ_GET_INFO_BY_FD", info_command,
				     ATTR_END(info.info) },
	[BPF_MAP_LOOKUP_AND_DELETE_ELEM] = { "MAP_LOOKUP_AND_DELETE_ELEM",
					     lookup_and_delete_command,
					     ATTR_END(flags) },
	[BPF_MAP_FREEZE] = { "MAP_FREEZE", map_freeze_command,
			     ATTR_END(map_fd) },
	[BPF_MAP_LOOKUP_BATCH] = { "MAP_LOOKUP_BATCH", lookup_batch_command,
				   ATTR_END(batch.flags) },
	[BPF_MAP_LOOKUP_AND_DELETE_BATCH] = { "MAP_LOOKUP_AND_DELETE_BATCH",
					      lookup_and_delete_batch_command,
					      ATTR_END(batch.flags) },
	[BPF_MAP_UPDATE_BATCH] = { "MAP_UPDATE_BATCH", update_batch_command,
				   ATTR_END(batch.flags) },
	[BPF_MAP_DELETE_BATCH] = { "MAP_DELETE_BATCH", delete_batch_command,
				   ATTR_END(batch.flags) },
	[BPF_OBJ_PIN] = { "OBJ_PIN", pin_command, OBJ_END },
	[BPF_OBJ_GET] = { "OBJ_GET", get_pinned_command, OBJ_END },
	[BPF_BTF_LOAD] = { "BTF_LOAD", btf_load_command,
			   ATTR_END(btf_log_level) },
	[BPF_BTF_GET_FD_BY_ID] = { "BTF_GET_FD_BY_ID", btf_by_id_command,
				   ATTR_END(btf_id) },
	[BPF_BTF_GET_NEXT_ID] = { "BTF_GET_NEXT_ID", btf_next_id_command,
				  ATTR_END(next_id) },
	[BPF_PROG_LOAD] = { "PROG_LOAD", prog_load_command, ATTR_BYTES },
	[BPF_PROG_GET_NEXT_ID] = { "PROG_GET_NEXT_ID", prog_next_id_command,
				   ATTR_END(next_id) },
	[BPF_PROG_GET_FD_BY_ID] = { "PROG_GET_FD_BY_ID", prog_by_id_command,
				    ATTR_END(prog_id) },
	[BPF_LINK_GET_NEXT_ID] = { "LINK_GET_NEXT_ID", link_next_id_command,
				   ATTR_END(next_id) },
	[BPF_PROG_ATTACH] = { .name = "PROG_ATTACH" },
	[BPF_PROG_DETACH] = { .name = "PROG_DETACH" },
	[BPF_PROG_TEST_RUN] = { .name = "PROG_TEST_RUN" },
	[BPF_PROG_QUERY] = { .name = "PROG_QUERY" },
	[BPF_RAW_TRACEPOINT_OPEN] = { .name = "RAW_TRACEPOINT_OPEN" },
	[BPF_TASK_FD_QUERY] = { .name = "TASK_FD_QUERY" },
	[BPF_LINK_CREATE] = { .name = "LINK_CREATE" },
	[BPF_LINK_UPDATE] = { .name = "LINK_UPDATE" },
	[BPF_LINK_GET_FD_BY_ID] = { .name = "LINK_GET_FD_BY_ID" },
	[BPF_ENABLE_STATS] = { .name = "ENABLE_STATS" },
	[BPF_ITER_CREATE] = { .name = "ITER_CREATE" },
	[BPF_LINK_DETACH] = { .name = "LINK_DETACH" },
	[BPF_PROG_BIND_MAP] = { .name = "PROG_BIND_MAP" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* The target's attr, of any size up to a page. */
static int read_attr(struct request *req, uint32_t size)
{
	int err;

	if (size > USER_BYTES_MAX)
		return -E2BIG;
	/* Keys and values are mostly on the same stack. */
	memory_look(req->call, req->addr);
	if (size > ATTR_BYTES) {
		err = memory_check_zero(req->call, req->addr + ATTR_BYTES,
					size - ATTR_BYTES);
		if (err)
			return err;
		size = ATTR_BYTES;
	}
	return memory_read(req->call, req->addr, req->bytes, size);
}

static bool zero_from(const struct request *req, uint32_t end)
{
	uint32_t i;

	for (i = end; i < ATTR_BYTES; i++)
		if (req->bytes[i])
			return false;
	return true;
}

int command_run(struct call *call)
{
	struct request req = { .call = call, .addr = call->data->args[1] };
	uint32_t number = (uint32_t)call->data->args[0];
	const struct command *command;
	int err;

	if (number == (uint32_t)CHILD_HELLO)
		return CHILD_WELCOME;
	command = number < COMMANDS && commands[number].name ?
			  &commands[number] :
			  NULL;
	if (command)
		call_trace(call, "%s", command->name);
	else
		call_trace(call, "command %u", number);
	err = read_attr(&req, (uint32_t)call->data->args[2]);
	if (err)
		return err;
	if (!command)
		return -EINVAL;
	if (!command->run) {
		run_tell(call->run, "BPF_%s is refused: there are maps alone",
			 command->name);
		return -EOPNOTSUPP;
	}
	if (!zero_from(&req, command->end))
		return -EINVAL;
	return command->run(&req);
}

/*
 * Another thread may close it between the two looks, which can be the object's
 * end: what was then found nowhere counts only if it is still there.
 */
int request_any(const struct request *req, uint32_t fd, struct object **object,
		enum object_mode *mode)
{
	struct objects *objects = &req->call->run->objects;
	struct stat st = { 0 }, seen;
	int err;

	*object = NULL;
	do {
		seen = st;
		err = tables_stat(req->call->tables, req->call->tid, (int)fd,
				  &st);
		/* Valid afterwards, so they were the target's. */
		if (!call_valid(req->call))
			return -ESRCH;
		if (err)
			return err;
		*object = object_by_file(objects, &st, mode);
	} while (!*object &&
		 (st.st_ino != seen.st_ino || st.st_dev != seen.st_dev));
	if (*object && *mode == MODE_PIN) {
		request_drop(req, *object);
		*object = NULL;
	}
	return *object ? 0 : -EINVAL;
}

int request_object(const struct request *req, uint32_t fd,
		   enum object_kind kind, struct object **object,
		   enum object_mode *mode)
{
	int err = request_any(req, fd, object, mode);

	if (!err && (*object)->kind != kind) {
		request_drop(req, *object);
		*object = NULL;
		err = -EINVAL;
	}
	return err;
}

void request_drop(const struct request *req, struct object *object)
{
	object_drop(&req->call->run->objects, object);
}

int request_map(const struct request *req, uint32_t fd, int want,
		struct object **object)
{
	enum object_mode mode;
	int err = request_object(req, fd, OBJECT_MAP, object, &mode);
	int can = WANT_READ | WANT_WRITE;

	if (err) {
		call_trace(req->call, " fd %d", (int)fd);
		return err;
	}
	object_enter(*object);
	call_trace(req->call, " fd %d map %u%s%s", (int)fd, (*object)->id,
		   (*object)->map->name[0] ? " " : "", (*object)->map->name);
	if (mode == MODE_RDONLY)
		can = WANT_READ;
	else if (mode == MODE_WRONLY)
		can = WANT_WRITE;
	if (object_frozen(*object))
		can &= ~WANT_WRITE;
	if (want & ~can) {
		request_done(req, *object);
		return -EPERM;
	}
	return 0;
}

void request_done(const struct request *req, struct object *object)
{
	object_leave(object);
	request_drop(req, object);
}

/*
 * No hold is kept: an id is used once, and a map that goes before the update
 * is one whose descriptor was closed before it.
 */
static uint32_t value_id(const struct request *req, const struct object *outer,
			 uint32_t fd)
{
	struct object *object;
	enum object_mode mode;
	uint32_t id;
	int err = request_object(req, fd, OBJECT_MAP, &object, &mode);

	if (err)
		return err == -EBADF ? 0 : OBJECT_NO_MAP;
	id = fields_equal(outer->inner_fields, object->fields) ? object->id :
								 OBJECT_NO_MAP;
	request_drop(req, object);
	return id;
}

void request_values(const struct request *req, const struct object *object,
		    void *values, uint32_t count)
{
	uint32_t *value = values;
	uint32_t i;

	fields_reset(object->fields, object->map, values, count);
	if (!(object->map->ops->flags & MAP_OF_MAPS))
		return;
	for (i = 0; i < count; i++)
		value[i] = value_id(req, object, value[i]);
}

int request_mode(uint32_t flags, enum object_mode *mode)
{
	switch (flags & (BPF_F_RDONLY | BPF_F_WRONLY)) {
	case 0:
		*mode = MODE_FULL;
		return 0;
	case BPF_F_RDONLY:
		*mode = MODE_RDONLY;
		return 0;
	case BPF_F_WRONLY:
		*mode = MODE_WRONLY;
		return 0;
	default:
		return -EINVAL;
	}
}

int request_give(const struct request *req, struct object *object,
		 enum object_mode mode)
{
	int fd = object_open(&req->call->run->objects, object, mode);

	return fd < 0 ? fd : call_give(req->call, fd, O_CLOEXEC);
}
