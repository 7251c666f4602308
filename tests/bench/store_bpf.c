/* SPDX-License-Identifier: BSD-2-Clause */
/* A hash of the kernel, by bpf(2). */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/topology.h"
#include "hash.h"
#include "kernel_map.h"

/* Elements of a call that fills. */
#define FILL_COUNT 512u

struct own {
	int fd;
	union bpf_attr attr; /* of a call on an element */
};

int store_bpf_fd(const struct store *store)
{
	const struct own *own = store->own;

	return own->fd;
}

static int make(struct store *store, const struct bench *bench)
{
	const struct group *group = bench->group;
	struct own *own = calloc(1, sizeof(*own));
	int fd;

	if (!own)
		return -ENOMEM;
	store->prefixes = group->map_type == BPF_MAP_TYPE_LPM_TRIE;
	fd = store->prefixes ?
		     kernel_trie_create(PREFIX_KEY_SIZE, store->value_size,
					group->entries) :
		     kernel_hash_create(group->map_type, store->value_size,
					group->entries);
	if (fd < 0) {
		free(own);
		return fd;
	}
	own->fd = fd;
	kernel_map_elem(&own->attr, fd, NULL, NULL);
	store->slots = 1;
	if (group->map_type == BPF_MAP_TYPE_PERCPU_HASH)
		store->slots = topology_cpus();
	store->own = own;
	return 0;
}

static void free_store(struct store *store)
{
	struct own *own = store->own;

	close(own->fd);
	free(own);
}

static int second(struct store *store)
{
	(void)store;
	return 0;
}

static int call(const struct store *store, int cmd, const uint64_t *key,
		const void *value)
{
	struct own *own = store->own;
	struct prefix_key prefix;

	own->attr.key = (uintptr_t)store_key(store, key, &prefix);
	own->attr.value = (uintptr_t)value;
	return kernel_map_call(cmd, &own->attr);
}

/* One by one, as batches want all keys at once and as the map has them. */
static int fill_prefixes(struct store *store, const uint64_t *keys, uint64_t n,
			 void *value, uint64_t end)
{
	int err = 0;

	for (; n && !err; keys++, n--) {
		hash_set_value(store, value, *keys);
		err = call(store, BPF_MAP_UPDATE_ELEM, keys, value);
		if (!err && n % FILL_COUNT == 0 && now_ns() > end)
			err = -ETIME;
	}
	return err;
}

/* By batches, which do not count here but for the time of the whole run. */
static int fill(struct store *store, uint64_t *keys, uint64_t n, void *value,
		uint64_t end)
{
	const size_t size = store_value_bytes(store);
	unsigned char *values = calloc(FILL_COUNT, size);
	int64_t done = 0;
	uint32_t count;
	uint32_t i;

	if (store->prefixes) {
		free(values);
		return fill_prefixes(store, keys, n, value, end);
	}
	for (; values && n && done >= 0; keys += count, n -= count) {
		if (now_ns() > end) {
			done = -ETIME;
			break;
		}
		count = n < FILL_COUNT ? (uint32_t)n : FILL_COUNT;
		for (i = 0; i < count; i++)
			hash_set_value(store, values + i * size, keys[i]);
		done = kernel_map_batch(BPF_MAP_UPDATE_BATCH,
					store_bpf_fd(store), NULL, NULL, keys,
					values, count);
	}
	free(values);
	return !values ? -ENOMEM : done < 0 ? (int)done : 0;
}

static int lookup(struct store *store, const uint64_t *key, void *value)
{
	return call(store, BPF_MAP_LOOKUP_ELEM, key, value);
}

static int update(struct store *store, const uint64_t *key, const void *value)
{
	return call(store, BPF_MAP_UPDATE_ELEM, key, value);
}

static int delete (struct store *store, const uint64_t *key)
{
	return call(store, BPF_MAP_DELETE_ELEM, key, NULL);
}

const struct store_ops bpf_store_ops = {
	.make = make,
	.free = free_store,
	.second = second,
	.fill = fill,
	.lookup = lookup,
	.update = update,
	.delete = delete,
};
