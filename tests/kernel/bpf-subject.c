/* SPDX-License-Identifier: BSD-2-Clause */
#include "bpf-subject.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "model/walk.h"

/* Not in <errno.h>: the kernel's answer where a type lacks an operation. */
#define KERNEL_ENOTSUPP 524

/* Tries for a node, a millisecond apart. */
#define NODES_TRIES 1000u

static int bpf(int command, union bpf_attr *attr)
{
	long res = syscall(SYS_bpf, command, attr, sizeof(*attr));

	if (res >= 0)
		return (int)res;
	return errno == KERNEL_ENOTSUPP ? -EOPNOTSUPP : -errno;
}

static uint64_t ptr(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static struct bpf_subject *bpf_of(struct subject *s)
{
	return (struct bpf_subject *)((char *)s -
				      offsetof(struct bpf_subject, subject));
}

int bpf_map_create(const struct map_attr *attr)
{
	return bpf_map_create_of(attr, 0);
}

int bpf_map_create_of(const struct map_attr *attr, int inner)
{
	union bpf_attr create;

	memset(&create, 0, sizeof(create));
	create.map_type = attr->map_type;
	create.key_size = attr->key_size;
	create.value_size = attr->value_size;
	create.max_entries = attr->max_entries;
	create.map_flags = attr->map_flags;
	create.numa_node = (uint32_t)attr->numa_node;
	create.map_extra = attr->map_extra;
	create.inner_map_fd = (uint32_t)inner;
	memcpy(create.map_name, attr->map_name, sizeof(create.map_name));
	return bpf(BPF_MAP_CREATE, &create);
}

bool bpf_map_exists(uint32_t id)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_id = id;
	fd = bpf(BPF_MAP_GET_FD_BY_ID, &attr);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

uint32_t bpf_map_id(int fd)
{
	struct bpf_map_info info;
	union bpf_attr get;

	memset(&info, 0, sizeof(info));
	memset(&get, 0, sizeof(get));
	get.info.bpf_fd = (uint32_t)fd;
	get.info.info_len = sizeof(info);
	get.info.info = ptr(&info);
	return bpf(BPF_OBJ_GET_INFO_BY_FD, &get) ? 0 : info.id;
}

int bpf_map_info(int fd, struct map_attr *attr)
{
	struct bpf_map_info info;
	union bpf_attr get;
	int err;

	memset(&info, 0, sizeof(info));
	memset(&get, 0, sizeof(get));
	get.info.bpf_fd = (uint32_t)fd;
	get.info.info_len = sizeof(info);
	get.info.info = ptr(&info);
	err = bpf(BPF_OBJ_GET_INFO_BY_FD, &get);
	if (err)
		return err;
	memset(attr, 0, sizeof(*attr));
	attr->map_type = info.type;
	attr->key_size = info.key_size;
	attr->value_size = info.value_size;
	attr->max_entries = info.max_entries;
	attr->map_flags = info.map_flags;
	attr->map_extra = info.map_extra;
	memcpy(attr->map_name, info.name, sizeof(attr->map_name));
	return 0;
}

static int element_command(struct subject *s, int command, const void *key,
			   const void *value, uint64_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)bpf_of(s)->fd;
	attr.key = ptr(key);
	/* In a union with next_key. */
	attr.value = ptr(value);
	attr.flags = flags;
	return bpf(command, &attr);
}

static int bpf_lookup(struct subject *s, const void *key, void *value)
{
	return element_command(s, BPF_MAP_LOOKUP_ELEM, key, value, 0);
}

/*
 * The kernel has the nodes of a map without preallocation from a store that is
 * filled up in the background, and for a moment may have none.
 */
static bool is_short(int err, unsigned int *tries)
{
	if (err != -ENOMEM || ++*tries > NODES_TRIES)
		return false;
	usleep(1000);
	return true;
}

static int bpf_update(struct subject *s, const void *key, const void *value,
		      uint64_t flags)
{
	unsigned int tries = 0;
	int err;

	do
		err = element_command(s, BPF_MAP_UPDATE_ELEM, key, value,
				      flags);
	while (is_short(err, &tries));
	return err;
}

static int bpf_delete(struct subject *s, const void *key)
{
	return element_command(s, BPF_MAP_DELETE_ELEM, key, NULL, 0);
}

static int bpf_lookup_and_delete(struct subject *s, const void *key,
				 void *value)
{
	return element_command(s, BPF_MAP_LOOKUP_AND_DELETE_ELEM, key, value,
			       0);
}

static int bpf_next_key(struct subject *s, const void *key, void *next)
{
	return element_command(s, BPF_MAP_GET_NEXT_KEY, key, next, 0);
}

static int batch_command(struct subject *s, int command,
			 struct map_batch *batch)
{
	union bpf_attr attr;
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.batch.in_batch = ptr(batch->in_batch);
	attr.batch.out_batch = ptr(batch->out_batch);
	attr.batch.keys = ptr(batch->keys);
	attr.batch.values = ptr(batch->values);
	attr.batch.count = batch->count;
	attr.batch.map_fd = (uint32_t)bpf_of(s)->fd;
	attr.batch.elem_flags = batch->elem_flags;
	attr.batch.flags = batch->flags;
	err = bpf(command, &attr);
	batch->count = attr.batch.count;
	return err;
}

static int bpf_lookup_batch(struct subject *s, struct map_batch *batch)
{
	return batch_command(s, BPF_MAP_LOOKUP_BATCH, batch);
}

static int bpf_update_batch(struct subject *s, struct map_batch *batch)
{
	uint32_t count = batch->count;
	unsigned int tries = 0;
	int err;

	/* Again from its start: it replaces what it made. */
	do {
		batch->count = count;
		err = batch_command(s, BPF_MAP_UPDATE_BATCH, batch);
	} while (is_short(err, &tries));
	return err;
}

static int bpf_delete_batch(struct subject *s, struct map_batch *batch)
{
	return batch_command(s, BPF_MAP_DELETE_BATCH, batch);
}

static int bpf_take_batch(struct subject *s, struct map_batch *batch)
{
	return batch_command(s, BPF_MAP_LOOKUP_AND_DELETE_BATCH, batch);
}

static int bpf_freeze(struct subject *s)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)bpf_of(s)->fd;
	return bpf(BPF_MAP_FREEZE, &attr);
}

static size_t file_part(struct bpf_subject *b, size_t size, uint64_t off)
{
	if (off >= b->file_bytes)
		return 0;
	return size < b->file_bytes - off ? size : b->file_bytes - off;
}

static ssize_t bpf_file_read(struct subject *s, void *buf, size_t size,
			     uint64_t off)
{
	struct bpf_subject *b = bpf_of(s);
	size_t part = file_part(b, size, off);

	if (part)
		memcpy(buf, b->file + off, part);
	return (ssize_t)part;
}

static ssize_t bpf_file_write(struct subject *s, const void *buf, size_t size,
			      uint64_t off)
{
	struct bpf_subject *b = bpf_of(s);
	size_t part = file_part(b, size, off);

	if (size && !part)
		return -EPERM;
	if (part)
		memcpy(b->file + off, buf, part);
	return (ssize_t)part;
}

#define BPF_OPS(name_)                                                      \
	.name = name_, .lookup = bpf_lookup, .update = bpf_update,          \
	.delete = bpf_delete, .lookup_and_delete = bpf_lookup_and_delete,   \
	.next_key = bpf_next_key, .lookup_batch = bpf_lookup_batch,         \
	.update_batch = bpf_update_batch, .delete_batch = bpf_delete_batch, \
	.take_batch = bpf_take_batch, .walk = walk_by_calls

static const struct subject_ops bpf_ops = {
	BPF_OPS("bpf(2)"),
	.freeze = bpf_freeze,
};

static const struct subject_ops bpf_mapped_ops = {
	BPF_OPS("bpf(2), mapped"),
	.read = bpf_file_read,
	.write = bpf_file_write,
};

void bpf_subject_of(struct bpf_subject *b, int fd)
{
	*b = (struct bpf_subject){ .subject.ops = &bpf_ops, .fd = fd };
}

int bpf_subject_init(struct bpf_subject *b, const struct map_attr *attr,
		     bool mapped)
{
	void *file;

	b->subject.ops = mapped ? &bpf_mapped_ops : &bpf_ops;
	b->file = NULL;
	b->fd = bpf_map_create(attr);
	if (b->fd < 0 || !mapped)
		return b->fd < 0 ? b->fd : 0;
	b->file_bytes = (attr->value_size + 7ul) / 8 * 8 * attr->max_entries;
	file = mmap(NULL, b->file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		    b->fd, 0);
	if (file == MAP_FAILED) {
		close(b->fd);
		return -errno;
	}
	b->file = file;
	return 0;
}

void bpf_subject_release(struct bpf_subject *b)
{
	if (b->file)
		munmap(b->file, b->file_bytes);
	close(b->fd);
}
