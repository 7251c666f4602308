/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf(2): BTF, which is looked at and kept, and programs, of which a stand-in
 * is made that never runs: libbpf and bpftool load tiny ones to find out what
 * the kernel can do, and leave out names and global data of maps if that fails.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "run/btf.h"
#include "run/command.h"
#include "run/memory.h"

/* Bytes of BTF, as in the kernel. */
#define BTF_BYTES_MAX (16u << 20)

/* Instructions of a program, as in the kernel. */
#define INSNS_MAX 1000000u

static int add_object(const struct request *req, struct object *object)
{
	int err = object_add(&req->call->run->objects, object);

	if (err)
		return err;
	err = request_give(req, object, MODE_FULL);
	request_drop(req, object);
	return err;
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
		err = btf_new(object->data, size, &object->types);
	if (!err)
		return add_object(req, object);
	object_release(object);
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
