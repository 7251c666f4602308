/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel_map.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Bytes of the attributes that a command looks at. */
#define ATTR_SIZE(last) \
	(offsetof(union bpf_attr, last) + sizeof(((union bpf_attr *)0)->last))

int kernel_map_create(uint32_t entries, uint32_t flags)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = sizeof(uint64_t);
	attr.max_entries = entries;
	attr.map_flags = flags;
	fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, ATTR_SIZE(map_name));
	return fd < 0 ? -errno : (int)fd;
}

void kernel_map_elem(union bpf_attr *attr, int fd, const uint32_t *key,
		     void *value)
{
	memset(attr, 0, sizeof(*attr));
	attr->map_fd = (uint32_t)fd;
	attr->key = (uintptr_t)key;
	attr->value = (uintptr_t)value;
}

int kernel_map_call(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, ATTR_SIZE(flags)) < 0 ? -errno : 0;
}

static int64_t batch(int cmd, int fd, const uint32_t *before,
		     const uint32_t *keys, const uint64_t *values,
		     uint32_t count)
{
	union bpf_attr attr;
	uint32_t last;

	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = (uint32_t)fd;
	attr.batch.in_batch = (uintptr_t)before;
	attr.batch.out_batch = (uintptr_t)&last;
	attr.batch.keys = (uintptr_t)keys;
	attr.batch.values = (uintptr_t)values;
	attr.batch.count = count;
	/* ENOENT is the end of the map. */
	if (syscall(SYS_bpf, cmd, &attr, ATTR_SIZE(batch.flags)) < 0 &&
	    errno != ENOENT)
		return -errno;
	return attr.batch.count;
}

int64_t kernel_map_lookup_batch(int fd, uint32_t first, uint32_t *keys,
				uint64_t *values, uint32_t count)
{
	uint32_t before = first - 1;

	return batch(BPF_MAP_LOOKUP_BATCH, fd, first ? &before : NULL, keys,
		     values, count);
}

int64_t kernel_map_update_batch(int fd, uint32_t first, const uint32_t *keys,
				const uint64_t *values, uint32_t count)
{
	return batch(BPF_MAP_UPDATE_BATCH, fd, NULL, keys + first, values,
		     count);
}

int kernel_map_info(int fd, struct bpf_map_info *info)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(*info);
	attr.info.info = (uintptr_t)info;
	return syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr,
		       ATTR_SIZE(info)) < 0 ?
		       -errno :
		       0;
}
