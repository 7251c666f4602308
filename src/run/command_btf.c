/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf(2): BTF, which is kept as it is, and programs, of which a stand-in is
 * made that never runs: libbpf and bpftool load tiny ones to find out what the
 * kernel can do, and leave out names and global data of maps if that fails.
 */
#include <errno.h>
#include <linux/btf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "run/command.h"
#include "run/memory.h"

/* Bytes of BTF, as in the kernel. */
#define BTF_BYTES_MAX (16u << 20)

/* Instructions of a program, as in the kernel. */
#define INSNS_MAX 1000000u

/* The header as it was first; newer systems' is longer. */
#define BTF_HEADER (offsetof(struct btf_header, str_len) + sizeof(uint32_t))

static int add_object(const struct request *req, struct object *object)
{
	int err = object_add(&req->call->run->objects, object);

	if (err)
		return err;
	err = request_give(req, object, MODE_FULL);
	request_drop(req, object);
	return err;
}

/* The header alone: what types there are is between the target and itself. */
static int check_btf(const void *data, uint32_t size)
{
	struct btf_header header;
	uint64_t types, strings;

	if (size < BTF_HEADER)
		return -EINVAL;
	memcpy(&header, data, BTF_HEADER);
	if (header.magic != BTF_MAGIC || header.flags)
		return -EINVAL;
	if (header.version != BTF_VERSION)
		return -EOPNOTSUPP;
	if (header.hdr_len < BTF_HEADER || header.hdr_len > size)
		return -EINVAL;
	types = (uint64_t)header.hdr_len + header.type_off + header.type_len;
	strings = (uint64_t)header.hdr_len + header.str_off + header.str_len;
	return types > size || strings > size || !header.str_len ? -EINVAL : 0;
}

int btf_load_command(struct request *req)
{
	uint32_t size = req->attr.btf_size;
	struct object *object;
	int err;

	call_trace(req->call, " size %u", size);
	if (size > BTF_BYTES_MAX)
		return -E2BIG;
	object = calloc(1, sizeof(*object));
	if (!object)
		return -ENOMEM;
	object->kind = OBJECT_BTF;
	object->size = size;
	err = memory_copy(req->call, req->attr.btf, size, &object->data);
	if (!err)
		err = check_btf(object->data, size);
	if (!err)
		return add_object(req, object);
	free(object->data);
	free(object);
	return err;
}

int prog_load_command(struct request *req)
{
	uint32_t count = req->attr.insn_cnt;
	struct object *object;

	call_trace(req->call, " type %u insns %u name %.15s",
		   req->attr.prog_type, count, req->attr.prog_name);
	if (!count || count > INSNS_MAX)
		return -E2BIG;
	object = calloc(1, sizeof(*object));
	if (!object)
		return -ENOMEM;
	object->kind = OBJECT_PROG;
	object->prog_type = req->attr.prog_type;
	memcpy(object->name, req->attr.prog_name, sizeof(object->name) - 1);
	run_tell(req->call->run,
		 "BPF_PROG_LOAD: program '%s' is not loaded; its descriptor "
		 "stands for one that never runs",
		 object->name);
	return add_object(req, object);
}
