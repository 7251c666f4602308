/* SPDX-License-Identifier: BSD-2-Clause */
/* What is measured of hashes: a call an element, and batches. */
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/map.h"
#include "hash_methods.h"
#include "kernel_map.h"

/* Elements of a batch, and so few that a bucket may have more. */
#define BATCH	  512u
#define BATCH_MIN 64u

/* An LRU has lost some of what was in it. */
static bool may_miss(const struct subject *s)
{
	return s->bench->group->map_type == BPF_MAP_TYPE_LRU_HASH;
}

int hash_open_store(struct subject *s)
{
	struct store *store = store_of(s);
	int err = 0;

	if (s->second && !store->is_second)
		err = store->ops->second(store);
	store->is_second = s->second;
	s->buf = calloc(1, store_value_bytes(store));
	return s->buf ? err : -ENOMEM;
}

static int open_fill(struct subject *s)
{
	s->fixed = s->bench->hash->rest;
	if (!s->bench->two_cpus)
		s->fixed *= 2;
	return hash_open_store(s);
}

int hash_open_move(struct subject *s)
{
	s->most = s->bench->hash->reserve;
	return hash_open_store(s);
}

static int run_lookup(struct subject *s, uint64_t count)
{
	struct store *store = store_of(s);
	const uint64_t *value = s->buf;
	uint64_t key;
	int err;

	while (count--) {
		key = hash_any_key(s);
		err = store->ops->lookup(store, &key, s->buf);
		if (err == -ENOENT && may_miss(s))
			continue;
		if (err)
			return err;
		if (*value != key)
			return -EIO;
	}
	return 0;
}

static int run_replace(struct subject *s, uint64_t count)
{
	struct store *store = store_of(s);
	uint64_t key;
	int err = 0;

	while (count-- && !err) {
		key = hash_any_key(s);
		hash_set_value(store, s->buf, key);
		err = store->ops->update(store, &key, s->buf);
	}
	return err;
}

static int run_insert(struct subject *s, uint64_t count)
{
	struct store *store = store_of(s);
	uint64_t key;
	int err = 0;

	while (count-- && !err) {
		key = hash_new_key(s);
		hash_set_value(store, s->buf, key);
		err = store->ops->update(store, &key, s->buf);
	}
	return err;
}

static int run_delete(struct subject *s, uint64_t count)
{
	struct store *store = store_of(s);
	uint64_t key;
	int err = 0;

	while (count-- && !err) {
		key = hash_old_key(s);
		err = store->ops->delete (store, &key);
	}
	return err;
}

/* The oldest go by themselves. */
static int run_evict(struct subject *s, uint64_t count)
{
	store_of(s)->windows[s->second].tail += count;
	return run_insert(s, count);
}

static int run_update_own_cpu(struct subject *s, uint64_t count)
{
	const struct store *store = store_of(s);
	uint32_t cpu = (uint32_t)sched_getcpu();
	uint64_t *value = s->buf;
	int err = 0;

	while (count-- && !err) {
		*value = hash_any_key(s);
		err = map_update_percpu_elem(store_map(store), value, value,
					     cpu, BPF_ANY);
	}
	return err;
}

static int run_touch(struct subject *s, uint64_t count)
{
	(void)s;
	(void)count;
	return touch_shared();
}

const struct method hash_fill_method = {
	.open = open_fill,
	.run = hash_fill,
	.after = run_touch,
};
const struct method hash_lookup_method = {
	.open = hash_open_store,
	.run = run_lookup,
};
const struct method hash_replace_method = {
	.open = hash_open_store,
	.run = run_replace,
};
const struct method hash_insert_method = {
	.open = hash_open_move,
	.run = run_insert,
	.after = run_delete,
};
const struct method hash_delete_method = {
	.open = hash_open_move,
	.before = run_insert,
	.run = run_delete,
};
const struct method hash_evict_method = {
	.open = hash_open_store,
	.run = run_evict,
};
const struct method hash_own_cpu_method = {
	.open = hash_open_store,
	.run = run_update_own_cpu,
};

/* ------------------------------------------------------------ batches */

struct batch {
	uint32_t token;
	bool started;
	uint64_t keys[BATCH];
	unsigned char values[];
};

static int open_batch(struct subject *s)
{
	const struct store *store = store_of(s);
	size_t size = store_value_bytes(store);

	s->step = BATCH;
	s->buf = calloc(1, sizeof(struct batch) + BATCH * size);
	return s->buf ? 0 : -ENOMEM;
}

static int open_batch_move(struct subject *s)
{
	const uint64_t reserve = s->bench->hash->reserve;
	int err = open_batch(s);

	if (s->step > reserve)
		s->step = reserve;
	s->most = reserve - reserve % s->step;
	return err;
}

static int64_t lookup_some_bpf(struct subject *s, uint32_t count)
{
	struct batch *batch = s->buf;

	return kernel_map_batch(BPF_MAP_LOOKUP_BATCH, store_bpf_fd(store_of(s)),
				batch->started ? &batch->token : NULL,
				&batch->token, batch->keys, batch->values,
				count);
}

static int64_t lookup_some_map(struct subject *s, uint32_t count)
{
	struct batch *batch = s->buf;
	struct map_batch call = {
		.in_batch = batch->started ? &batch->token : NULL,
		.out_batch = &batch->token,
		.keys = batch->keys,
		.values = batch->values,
		.count = count,
	};
	int err = map_lookup_batch(store_map(store_of(s)), &call);

	return err && err != -ENOENT ? err : (int64_t)call.count;
}

/* From bucket to bucket, and again from the first. */
static int lookup_all(struct subject *s, uint64_t count,
		      int64_t (*lookup_some)(struct subject *s, uint32_t count))
{
	struct batch *batch = s->buf;
	int64_t done;

	while (count >= BATCH_MIN) {
		done = lookup_some(s, count < BATCH ? (uint32_t)count : BATCH);
		if (done < 0)
			return (int)done;
		if (!done && !batch->started)
			return -EIO;
		batch->started = done > 0;
		count -= (uint64_t)done;
	}
	return 0;
}

static int run_lookup_bpf(struct subject *s, uint64_t count)
{
	return lookup_all(s, count, lookup_some_bpf);
}

static int run_lookup_map(struct subject *s, uint64_t count)
{
	return lookup_all(s, count, lookup_some_map);
}

/* Calls with keys that 'next' gives. */
static int change_bpf(struct subject *s, uint64_t count, int cmd,
		      uint64_t (*next)(struct subject *s))
{
	const struct store *store = store_of(s);
	const size_t size = store_value_bytes(store);
	struct batch *batch = s->buf;
	int64_t done;
	uint32_t n;
	uint32_t i;

	for (; count; count -= n) {
		n = count < BATCH ? (uint32_t)count : BATCH;
		for (i = 0; i < n; i++) {
			batch->keys[i] = next(s);
			hash_set_value(store, batch->values + i * size,
				       batch->keys[i]);
		}
		done = kernel_map_batch(cmd, store_bpf_fd(store), NULL, NULL,
					batch->keys, batch->values, n);
		if (done != n)
			return done < 0 ? (int)done : -EIO;
	}
	return 0;
}

static int run_replace_bpf(struct subject *s, uint64_t count)
{
	return change_bpf(s, count, BPF_MAP_UPDATE_BATCH, hash_any_key);
}

static int run_insert_bpf(struct subject *s, uint64_t count)
{
	return change_bpf(s, count, BPF_MAP_UPDATE_BATCH, hash_new_key);
}

static int run_delete_bpf(struct subject *s, uint64_t count)
{
	return change_bpf(s, count, BPF_MAP_DELETE_BATCH, hash_old_key);
}

const struct method hash_lookup_batch_method = {
	.open = open_batch,
	.run = run_lookup_map,
};
const struct method bpf_lookup_batch_method = {
	.open = open_batch,
	.run = run_lookup_bpf,
};
const struct method bpf_replace_batch_method = {
	.open = open_batch,
	.run = run_replace_bpf,
};
const struct method bpf_insert_batch_method = {
	.open = open_batch_move,
	.run = run_insert_bpf,
	.after = run_delete_bpf,
};
const struct method bpf_delete_batch_method = {
	.open = open_batch_move,
	.before = run_insert_bpf,
	.run = run_delete_bpf,
};

/* ------------------------------------------------- memory, and no store */

/* Each place is known when the one before has been read: no two at a time. */
static int run_memory(struct subject *s, uint64_t count, bool write)
{
	uint64_t *words = (uint64_t *)s->bench->hash->memory;
	uint32_t n = (uint32_t)(s->bench->hash->memory_bytes / 8);
	uint64_t zero = 0;

	while (count--) {
		s->random += zero;
		uint64_t *word = &words[subject_random(s, n)];

		zero = __atomic_load_n(word, __ATOMIC_RELAXED);
		if (write)
			__atomic_store_n(word, zero, __ATOMIC_RELAXED);
	}
	s->sink = zero;
	return 0;
}

static int run_load(struct subject *s, uint64_t count)
{
	return run_memory(s, count, false);
}

static int run_store(struct subject *s, uint64_t count)
{
	return run_memory(s, count, true);
}

const struct method memory_load_method = { .run = run_load };
const struct method memory_store_method = { .run = run_store };

static int open_create(struct subject *s)
{
	s->buf = calloc(1, sizeof(struct map *));
	return s->buf ? 0 : -ENOMEM;
}

static int run_create(struct subject *s, uint64_t count)
{
	const struct group *group = s->bench->group;
	struct map_attr attr = {
		.map_type = group->map_type,
		.key_size = KEY_SIZE,
		.value_size = group->value_size,
		.max_entries = group->entries,
	};
	struct charge charge = { 0 };

	(void)count;
	return map_create(&attr, &charge, NULL, s->buf);
}

static int run_put(struct subject *s, uint64_t count)
{
	struct map **map = s->buf;

	(void)count;
	snprintf(s->note, sizeof(s->note), "%.0f kB resident of %.1f GB",
		 (double)region_resident(map_region(*map, 0)) / 1e3,
		 (double)(*map)->charge.bytes / 1e9);
	map_put(*map);
	map_free_wait();
	return 0;
}

const struct method hash_create_method = {
	.open = open_create,
	.run = run_create,
	.after = run_put,
};
