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

static int create(uint32_t type, uint32_t key_size, uint32_t value_size,
		  uint32_t entries, uint32_t flags)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = key_size;
	attr.value_size = value_size;
	attr.max_entries = entries;
	attr.map_flags = flags;
	fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, ATTR_SIZE(map_name));
	return fd < 0 ? -errno : (int)fd;
}

int kernel_map_create(uint32_t entries, uint32_t flags)
{
	return create(BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(uint64_t),
		      entries, flags);
}

int kernel_hash_create(uint32_t type, uint32_t value_size, uint32_t entries)
{
	return create(type, sizeof(uint64_t), value_size, entries, 0);
}

int kernel_queue_create(uint32_t type, uint32_t entries)
{
	return create(type, 0, sizeof(uint64_t), entries, 0);
}

int kernel_bloom_create(uint32_t value_size, uint32_t entries)
{
	return create(BPF_MAP_TYPE_BLOOM_FILTER, 0, value_size, entries, 0);
}

int kernel_trie_create(uint32_t key_size, uint32_t value_size, uint32_t entries)
{
	return create(BPF_MAP_TYPE_LPM_TRIE, key_size, value_size, entries,
		      BPF_F_NO_PREALLOC);
}

void kernel_map_elem(union bpf_attr *attr, int fd, const void *key, void *value)
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

int64_t kernel_map_batch(int cmd, int fd, const uint32_t *in, uint32_t *out,
			 const void *keys, const void *values, uint32_t count)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = (uint32_t)fd;
	attr.batch.in_batch = (uintptr_t)in;
	attr.batch.out_batch = (uintptr_t)out;
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
	uint32_t last;

	return kernel_map_batch(BPF_MAP_LOOKUP_BATCH, fd,
				first ? &before : NULL, &last, keys, values,
				count);
}

int64_t kernel_map_update_batch(int fd, uint32_t first, const uint32_t *keys,
				const uint64_t *values, uint32_t count)
{
	return kernel_map_batch(BPF_MAP_UPDATE_BATCH, fd, NULL, NULL,
				keys + first, values, count);
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
