/* SPDX-License-Identifier: BSD-2-Clause */
/* The attr of a call, the order in which it is checked, and modes. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

#define ARRAY BPF_MAP_TYPE_ARRAY
#define HASH  BPF_MAP_TYPE_HASH
#define RING  BPF_MAP_TYPE_RINGBUF

/* A page and more, so that sizes can be wrong. */
static union {
	union bpf_attr attr;
	unsigned char bytes[8192];
} big;

static void *const nowhere = (void *)16;

void check_attrs(void)
{
	int fd = new_map(ARRAY, 4, 4, 2, 0);
	uint32_t key = 1, value = 7;

	memset(&big, 0, sizeof(big));
	big.attr.map_fd = (uint32_t)fd;
	big.attr.key = ptr(&key);
	big.attr.value = ptr(&value);
	is("update, 24 bytes of attr", bpf(BPF_MAP_UPDATE_ELEM, &big, 24), 0);
	is("update, a page of attr", bpf(BPF_MAP_UPDATE_ELEM, &big, 4096), 0);
	is("more than a page", bpf(BPF_MAP_UPDATE_ELEM, &big, 4097), -E2BIG);
	big.bytes[40] = 1;
	is("a byte behind the command's last member",
	   bpf(BPF_MAP_UPDATE_ELEM, &big, 4096), -EINVAL);
	is("the same beyond the size", bpf(BPF_MAP_UPDATE_ELEM, &big, 40), 0);
	big.bytes[40] = 0;
	big.bytes[2000] = 1;
	is("a byte behind the kernel's attr",
	   bpf(BPF_MAP_UPDATE_ELEM, &big, 4096), -E2BIG);
	big.bytes[2000] = 0;
	big.bytes[5] = 1;
	is("the hole", bpf(BPF_MAP_UPDATE_ELEM, &big, 32), 0);
	big.bytes[5] = 0;
	big.attr.flags = 0;
	big.bytes[16] = 1;
	is("delete has no value", bpf(BPF_MAP_DELETE_ELEM, &big, 32), -EINVAL);
	is("a bad attr", bpf(BPF_MAP_UPDATE_ELEM, nowhere, 32), -EFAULT);
	is("an unknown command", bpf(9999, &big, 32), -EINVAL);
	is("an unknown command, a bad attr", bpf(9999, nowhere, 32), -EFAULT);
	is("no attr", bpf(BPF_MAP_CREATE, nowhere, 0), -EINVAL);
	close(fd);
}

static int create(uint32_t offset, uint32_t word)
{
	memset(&big, 0, sizeof(big));
	big.attr.map_type = ARRAY;
	big.attr.key_size = 4;
	big.attr.value_size = 8;
	big.attr.max_entries = 2;
	memcpy(big.bytes + offset, &word, sizeof(word));
	return bpf(BPF_MAP_CREATE, &big, 128);
}

static void created(const char *name, int fd)
{
	is(name, fd < 0 ? fd : 0, 0);
	if (fd >= 0)
		close(fd);
}

/*
 * What was made before the last check is not kept: so often that it is seen
 * beside what was closed a moment ago.
 */
static void check_refused(void)
{
	int files = parent_files();
	int i, refused = 0;

	for (i = 0; i < 50; i++) {
		memset(&big, 0, sizeof(big));
		big.attr.map_type = ARRAY;
		big.attr.key_size = big.attr.value_size = 4;
		big.attr.max_entries = 4096;
		big.attr.map_flags = BPF_F_MMAPABLE;
		big.bytes[88] = 32;
		refused += bpf(BPF_MAP_CREATE, &big, 128) == -EINVAL;
	}
	is("excl_prog_hash, of what could be made", refused, 50);
	is("refused: its memory is gone", parent_has(files), 1);
}

void check_creation(void)
{
	int map = new_map(HASH, 4, 4, 1, 0);

	created("create", create(0, ARRAY));
	created("inner_map_fd is ignored", create(20, 99));
	created("and so is a map there", create(20, (uint32_t)map));
	created("numa_node is ignored", create(24, 77));
	is("type 0", create(0, 0), -EINVAL);
	is("no such type", create(0, 100), -EINVAL);
	is("key", create(4, 8), -EINVAL);
	is("no entries", create(12, 0), -EINVAL);
	is("an unknown flag", create(16, 1u << 25), -EINVAL);
	is("rdonly and wronly", create(16, BPF_F_RDONLY | BPF_F_WRONLY),
	   -EINVAL);
	created("btf_fd without types is ignored", create(48, 77));
	is("a key's type without a value's", create(52, 1), -EINVAL);
	is("types of no BTF", create(56, 1), -EINVAL);
	is("a type of vmlinux", create(60, 1), -EINVAL);
	is("map_extra", create(64, 1), -EINVAL);
	is("excl_prog_hash", create(88, 32), -EINVAL);
	is("behind the last member", create(92, 1), -EINVAL);
	is("lru_hash without preallocation",
	   new_map(BPF_MAP_TYPE_LRU_HASH, 4, 4, 8, BPF_F_NO_PREALLOC),
	   -KERNEL_ENOTSUPP);
	is("value too large", new_map(ARRAY, 4, UINT32_MAX, 1, 0), -E2BIG);
	check_refused();
	close(map);
}

static void check_unsupported(void)
{
	int ring = new_map(RING, 0, 0, 4096, 0);
	int bloom = new_map(BPF_MAP_TYPE_BLOOM_FILTER, 0, 4, 8, 0);
	int array = new_map(ARRAY, 4, 4, 2, 0);
	uint32_t key = 1, value = 1;

	is("ringbuf: lookup", element(BPF_MAP_LOOKUP_ELEM, ring, NULL, NULL, 0),
	   -KERNEL_ENOTSUPP);
	is("ringbuf: update", element(BPF_MAP_UPDATE_ELEM, ring, NULL, NULL, 0),
	   -KERNEL_ENOTSUPP);
	is("ringbuf: a key", element(BPF_MAP_LOOKUP_ELEM, ring, &key, NULL, 0),
	   -EINVAL);
	is("bloom_filter: delete",
	   element(BPF_MAP_DELETE_ELEM, bloom, NULL, NULL, 0), -EOPNOTSUPP);
	is("bloom_filter: next key",
	   element(BPF_MAP_GET_NEXT_KEY, bloom, NULL, &value, 0), -EOPNOTSUPP);
	is("bloom_filter: take",
	   element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, bloom, NULL, &value, 0),
	   -KERNEL_ENOTSUPP);
	is("bloom_filter: not in it",
	   element(BPF_MAP_LOOKUP_ELEM, bloom, NULL, &value, 0), -ENOENT);
	is("bloom_filter: add",
	   element(BPF_MAP_UPDATE_ELEM, bloom, NULL, &value, 0), 0);
	is("bloom_filter: in it",
	   element(BPF_MAP_LOOKUP_ELEM, bloom, NULL, &value, 0), 0);
	is("bloom_filter: no value",
	   element(BPF_MAP_LOOKUP_ELEM, bloom, NULL, NULL, 0), -EFAULT);
	is("array: take",
	   element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, array, &key, &value, 0),
	   -KERNEL_ENOTSUPP);
	is("array: delete", element(BPF_MAP_DELETE_ELEM, array, &key, NULL, 0),
	   -EINVAL);
	close(array);
	close(bloom);
	close(ring);
}

void check_order(void)
{
	int hash = new_map(HASH, 4, 4, 1, 0);
	int null = open("/dev/null", O_RDONLY);
	uint32_t key = 1, other = 2, value = 3;

	is("no such descriptor",
	   element(BPF_MAP_LOOKUP_ELEM, 12345, &key, &value, 0), -EBADF);
	is("descriptor -1", element(BPF_MAP_UPDATE_ELEM, -1, &key, &value, 0),
	   -EBADF);
	is("no map's", element(BPF_MAP_LOOKUP_ELEM, null, &key, &value, 0),
	   -EINVAL);
	is("lookup: flags before the descriptor",
	   element(BPF_MAP_LOOKUP_ELEM, 12345, &key, &value, 1), -EINVAL);
	is("take: flags before the descriptor",
	   element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, 12345, &key, &value, 1),
	   -EINVAL);
	is("update: the descriptor before flags",
	   element(BPF_MAP_UPDATE_ELEM, 12345, &key, &value, 99), -EBADF);
	is("lookup: a lock", element(BPF_MAP_LOOKUP_ELEM, hash, NULL, NULL, 4),
	   -EINVAL);
	is("lookup: no key", element(BPF_MAP_LOOKUP_ELEM, hash, NULL, NULL, 0),
	   -EFAULT);
	is("lookup: missing, no value",
	   element(BPF_MAP_LOOKUP_ELEM, hash, &key, NULL, 0), -ENOENT);
	is("update", element(BPF_MAP_UPDATE_ELEM, hash, &key, &value, 0), 0);
	is("lookup: no value",
	   element(BPF_MAP_LOOKUP_ELEM, hash, &key, NULL, 0), -EFAULT);
	is("update: full",
	   element(BPF_MAP_UPDATE_ELEM, hash, &other, &value, 0), -E2BIG);
	is("update: full, no value",
	   element(BPF_MAP_UPDATE_ELEM, hash, &other, NULL, 0), -EFAULT);
	is("update: flags", element(BPF_MAP_UPDATE_ELEM, hash, &key, &value, 3),
	   -EINVAL);
	is("next key: a bad key",
	   element(BPF_MAP_GET_NEXT_KEY, hash, nowhere, &value, 0), -EFAULT);
	is("next key: the first",
	   element(BPF_MAP_GET_NEXT_KEY, hash, NULL, &other, 0), 0);
	is("next key: which", other, key);
	is("next key: none more",
	   element(BPF_MAP_GET_NEXT_KEY, hash, &key, &other, 0), -ENOENT);
	is("take: no value, and it is gone",
	   element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, hash, &key, NULL, 0),
	   -EFAULT);
	is("delete: gone", element(BPF_MAP_DELETE_ELEM, hash, &key, NULL, 0),
	   -ENOENT);
	check_unsupported();
	close(null);
	close(hash);
}

/* A batch of five elements, some of whose addresses may be wrong. */
struct places {
	void *keys;
	void *values;
	void *in;
	void *out;
};

static int batch(int command, int fd, const struct places *at, uint32_t *count)
{
	union bpf_attr attr;
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = (uint32_t)fd;
	attr.batch.keys = ptr(at->keys);
	attr.batch.values = ptr(at->values);
	attr.batch.in_batch = ptr(at->in);
	attr.batch.out_batch = ptr(at->out);
	attr.batch.count = 5;
	err = bpf_whole(command, &attr);
	*count = attr.batch.count;
	return err;
}

static void check_batch_places(uint32_t type)
{
	uint32_t keys[] = { 0, 1, 2, 3, 4 }, values[5] = { 0 }, out[2], count;
	const struct places good = { keys, values, NULL, out };
	int fd = new_map(type, 4, 4, 5, 0);
	struct places at = good;

	at.keys = nowhere;
	is("update_batch: no keys",
	   batch(BPF_MAP_UPDATE_BATCH, fd, &at, &count), -EFAULT);
	is("its count", count, 0);
	batch(BPF_MAP_UPDATE_BATCH, fd, &good, &count);
	is("lookup_batch: no keys",
	   batch(BPF_MAP_LOOKUP_BATCH, fd, &at, &count), -EFAULT);
	is("its count", count, 0);
	at = good;
	at.values = nowhere;
	is("lookup_batch: no values",
	   batch(BPF_MAP_LOOKUP_BATCH, fd, &at, &count), -EFAULT);
	is("its count", count, 0);
	at = good;
	at.in = nowhere;
	is("lookup_batch: no token to begin at",
	   batch(BPF_MAP_LOOKUP_BATCH, fd, &at, &count), -EFAULT);
	is("its count", count, 0);
	at = good;
	at.out = nowhere;
	is("lookup_batch: nowhere to tell the end",
	   batch(BPF_MAP_LOOKUP_BATCH, fd, &at, &count), -EFAULT);
	close(fd);
}

void check_batches(void)
{
	check_batch_places(ARRAY);
	check_batch_places(HASH);
}

static int freeze(int fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	return bpf_whole(BPF_MAP_FREEZE, &attr);
}

static int by_id(uint32_t id, uint32_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_id = id;
	attr.open_flags = flags;
	return bpf(BPF_MAP_GET_FD_BY_ID, &attr, 12);
}

void check_modes(void)
{
	int rdonly = new_map(HASH, 4, 4, 4, BPF_F_RDONLY);
	uint32_t key = 1, value = 3;
	int wronly = by_id(id_of(rdonly), BPF_F_WRONLY);
	int full = by_id(id_of(rdonly), 0);

	is("rdonly: update",
	   element(BPF_MAP_UPDATE_ELEM, rdonly, &key, &value, 0), -EPERM);
	is("rdonly: take",
	   element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, rdonly, &key, &value, 0),
	   -EPERM);
	is("rdonly: freeze", freeze(rdonly), -EPERM);
	is("wronly: update",
	   element(BPF_MAP_UPDATE_ELEM, wronly, &key, &value, 0), 0);
	is("wronly: lookup",
	   element(BPF_MAP_LOOKUP_ELEM, wronly, &key, &value, 0), -EPERM);
	is("wronly: next key",
	   element(BPF_MAP_GET_NEXT_KEY, wronly, NULL, &value, 0), -EPERM);
	is("rdonly: lookup", holds(rdonly, 1, 3), 1);
	is("full: lookup", holds(full, 1, 3), 1);
	is("both", by_id(id_of(full), 24), -EINVAL);
	is("an unknown mode", by_id(id_of(full), 1), -EINVAL);
	is("wronly: freeze", freeze(wronly), 0);
	is("frozen: freeze", freeze(full), -EPERM);
	is("frozen: update, all wrong",
	   element(BPF_MAP_UPDATE_ELEM, full, NULL, NULL, 99), -EPERM);
	is("frozen: take",
	   element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, full, &key, &value, 0),
	   -EPERM);
	is("frozen: lookup", holds(full, 1, 3), 1);
	is("freeze: no such descriptor", freeze(12345), -EBADF);
	close(full);
	close(wronly);
	close(rdonly);
}
