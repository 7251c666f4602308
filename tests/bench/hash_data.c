/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/map.h"
#include "core/topology.h"
#include "hash.h"

/* What each window lacks of its half, to insert, and at most that many. */
#define RESERVE_SHARE 16u
#define RESERVE_MAX   16384u

/* More than that takes too long to fill, or is so in a file. */
#define FILL_BYTES	1000000000u
#define FILL_FILE_BYTES 110000000u

/* Less time than that is none for this many elements. */
#define LARGE_ENTRIES 5000000u
#define LARGE_SECONDS 20

static const struct store_ops *const ops[WHOS] = {
	[WHO_LIB] = &lib_store_ops,   [WHO_MAP] = &map_store_ops,
	[WHO_BPF] = &bpf_store_ops,   [WHO_TDB] = &tdb_store_ops,
	[WHO_LMDB] = &lmdb_store_ops, [WHO_REDIS] = &redis_store_ops,
};

/* Bytes; 0: not known. */
static uint64_t memory_available(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	uint64_t kib = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file) &&
	       sscanf(line, "MemAvailable: %" SCNu64, &kib) != 1)
		;
	if (file)
		fclose(file);
	return kib * 1024;
}

/* Roughly, for what takes most. */
static uint64_t store_bytes(const struct group *group)
{
	uint64_t value = group->value_size;

	if (group->map_type == BPF_MAP_TYPE_PERCPU_HASH)
		value *= topology_cpus();
	return group->entries * (2 * (KEY_SIZE + value) + 96);
}

static bool is_used(const struct group *group, enum who who)
{
	size_t i;

	if (group->only && !(group->only & 1u << who))
		return false;
	for (i = 0; group->rows[i]; i++)
		if (group->rows[i]->method[who])
			return true;
	return false;
}

/* Why a store is not made, "" if it is. */
static const char *too_much(const struct bench *bench, enum who who,
			    uint64_t left)
{
	const struct group *group = bench->group;
	uint64_t bytes = (uint64_t)group->entries * group->value_size;

	if (store_bytes(group) > left)
		return "more than a third of the memory available";
	if (bytes > FILL_BYTES ||
	    ((who == WHO_TDB || who == WHO_LMDB) && bytes > FILL_FILE_BYTES))
		return "takes too long to fill";
	if (group->entries > LARGE_ENTRIES && bench->seconds < LARGE_SECONDS)
		return "takes longer than BENCH_SECONDS is";
	return "";
}

static int make_store(struct bench *bench, enum who who)
{
	struct store *store = &bench->hash->stores[who];
	int err;

	if (!ops[who]->make) {
		bench_note(bench, "%s: this build has not got it",
			   who_names[who]);
		return -ENOSYS;
	}
	store->value_size = bench->group->value_size;
	store->slots = 1;
	store->windows = &bench->hash->windows[2 * who];
	err = ops[who]->make(store, bench);
	if (err)
		bench_note(bench, "%s: making a %s: %s", who_names[who],
			   map_type_name(bench->group->map_type),
			   strerror(-err));
	else
		store->ops = ops[who];
	return err;
}

/* As large as mapfs's map is, and all of it there. */
static int make_memory(struct bench *bench)
{
	const struct store *store = &bench->hash->stores[WHO_MAP];
	struct hash *hash = bench->hash;

	hash->memory_bytes = bench->group->entries * UINT64_C(64);
	if (store->ops)
		hash->memory_bytes = store_map(store)->charge.bytes;
	hash->memory = mmap(NULL, hash->memory_bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (hash->memory == MAP_FAILED) {
		hash->memory = NULL;
		return -errno;
	}
	memset(hash->memory, 0, hash->memory_bytes);
	return 0;
}

static void leave_out(struct bench *bench, enum who who)
{
	snprintf(bench->left_out[who], sizeof(bench->left_out[who]),
		 "no store");
	if (who == WHO_BPF)
		leave_out(bench, WHO_BATCH);
	if (who == WHO_REDIS)
		leave_out(bench, WHO_PIPE);
}

int hash_make(struct bench *bench)
{
	const uint64_t half = bench->group->entries / 2;
	uint64_t left = memory_available() / 3;
	struct hash *hash = calloc(1, sizeof(*hash));
	const char *why;
	enum who who;

	memset(bench->left_out, 0, sizeof(bench->left_out));
	if (!hash)
		return -ENOMEM;
	bench->hash = hash;
	hash->reserve = half / (RESERVE_SHARE / 2);
	if (hash->reserve > RESERVE_MAX)
		hash->reserve = RESERVE_MAX;
	hash->rest = half - hash->reserve;
	hash->windows = mmap(NULL, 2 * WHOS * sizeof(*hash->windows),
			     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			     -1, 0);
	if (hash->windows == MAP_FAILED)
		return -errno;
	for (who = 0; who < WHOS; who++) {
		if (!ops[who] || !is_used(bench->group, who))
			continue;
		why = too_much(bench, who, left);
		if (*why)
			bench_note(bench, "%s: %s: %s", bench->group->name,
				   who_names[who], why);
		if (*why || make_store(bench, who))
			leave_out(bench, who);
		else
			left -= store_bytes(bench->group);
	}
	if (bench->left_out[WHO_MAP][0] && bench->left_out[WHO_BPF][0])
		leave_out(bench, WHO_MEMORY);
	else if (is_used(bench->group, WHO_MEMORY) && make_memory(bench))
		leave_out(bench, WHO_MEMORY);
	return 0;
}

int hash_make_none(struct bench *bench)
{
	memset(bench->left_out, 0, sizeof(bench->left_out));
	return 0;
}

void hash_free(struct bench *bench)
{
	struct hash *hash = bench->hash;
	enum who who;

	for (who = 0; hash && who < WHOS; who++)
		if (hash->stores[who].ops)
			hash->stores[who].ops->free(&hash->stores[who]);
	if (hash && hash->memory)
		munmap(hash->memory, hash->memory_bytes);
	if (hash && hash->windows != MAP_FAILED)
		munmap(hash->windows, 2 * WHOS * sizeof(*hash->windows));
	free(hash);
	bench->hash = NULL;
}

static struct window *window_of(const struct subject *s, unsigned int side)
{
	return &store_of(s)->windows[side];
}

uint64_t hash_any_key(struct subject *s)
{
	uint32_t at = subject_random(s, 2 * (uint32_t)s->bench->hash->rest);

	/* The parity of a place is its side. */
	return key_at(2 * window_of(s, at & 1)->tail + at);
}

uint64_t hash_new_key(struct subject *s)
{
	return key_at(2 * window_of(s, s->second)->head++ + s->second);
}

uint64_t hash_old_key(struct subject *s)
{
	return key_at(2 * window_of(s, s->second)->tail++ + s->second);
}

void hash_set_value(const struct store *store, void *value, uint64_t key)
{
	size_t slot = store->slots > 1 ? (store->value_size + 7) / 8 : 1;
	uint64_t *words = value;
	uint32_t i;

	for (i = 0; i < store->slots; i++)
		words[i * slot] = key;
}

/* All keys of both windows. */
static uint64_t *make_keys(struct subject *s)
{
	const uint64_t rest = s->bench->hash->rest;
	uint64_t *keys = malloc(2 * rest * sizeof(*keys));
	uint64_t i;

	for (i = 0; keys && i < 2 * rest; i++)
		keys[i] = key_at(i);
	return keys;
}

static int fill_at_once(struct subject *s, uint64_t end)
{
	struct store *store = store_of(s);
	uint64_t rest = s->bench->hash->rest;
	uint64_t *keys;
	int err;

	if (s->second)
		return 0;
	keys = make_keys(s);
	if (!keys)
		return -ENOMEM;
	err = store->ops->fill(store, keys, 2 * rest, s->buf, end);
	window_of(s, 0)->head = rest;
	window_of(s, 1)->head = rest;
	free(keys);
	return err;
}

int hash_fill(struct subject *s, uint64_t count)
{
	struct store *store = store_of(s);
	const uint64_t rest = s->bench->hash->rest;
	uint64_t end = now_ns() + (uint64_t)(s->bench->seconds * 1e9);
	uint64_t key;
	int err = 0;

	if (store->ops->fill)
		return fill_at_once(s, end);
	for (; count && !err; count--) {
		if (!(count % 4096) && now_ns() > end)
			return -ETIME;
		/* One process alone fills both. */
		if (count == rest && !s->second && !s->bench->two_cpus)
			s->second = true;
		key = hash_new_key(s);
		hash_set_value(store, s->buf, key);
		err = store->ops->update(store, &key, s->buf);
	}
	if (!s->bench->two_cpus)
		s->second = false;
	return err;
}
