/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf(2) on kernel arrays with keys of 4 and values of 8 bytes, and on hashes
 * with keys of 8, and on queues.  The calls are made with as little around them
 * as can be: a caller prepares the attributes once and changes the key in
 * place.
 */
#ifndef KERNEL_MAP_H
#define KERNEL_MAP_H

#include <linux/bpf.h>
#include <stdint.h>

/* A descriptor, or negative errno. */
int kernel_map_create(uint32_t entries, uint32_t flags);
int kernel_hash_create(uint32_t type, uint32_t value_size, uint32_t entries);
int kernel_queue_create(uint32_t type, uint32_t entries);
int kernel_bloom_create(uint32_t value_size, uint32_t entries);
int kernel_trie_create(uint32_t key_size, uint32_t value_size,
		       uint32_t entries);

/* Element calls: attributes with their key and value, and a call. */
void kernel_map_elem(union bpf_attr *attr, int fd, const void *key,
		     void *value);
int kernel_map_call(int cmd, union bpf_attr *attr);

/*
 * A batch call.  The number of elements done, also when that is the end of the
 * map, or negative errno.
 */
int64_t kernel_map_batch(int cmd, int fd, const uint32_t *in, uint32_t *out,
			 const void *keys, const void *values, uint32_t count);

/*
 * 'count' elements from 'first' on, in one call.  update: keys[i] is i.  The
 * number of elements done, or negative errno.
 */
int64_t kernel_map_lookup_batch(int fd, uint32_t first, uint32_t *keys,
				uint64_t *values, uint32_t count);
int64_t kernel_map_update_batch(int fd, uint32_t first, const uint32_t *keys,
				const uint64_t *values, uint32_t count);

/* BPF_OBJ_GET_INFO_BY_FD. */
int kernel_map_info(int fd, struct bpf_map_info *info);

#endif
