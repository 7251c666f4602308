/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hashes of our core beside those of the running kernel: random attributes,
 * then random operations, must come out alike, but for the order of keys.
 * Which element an LRU evicts and when is our own business; what both must
 * keep to is that it never refuses an element, never holds too many, and
 * gives each value as it was last written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/topology.h"
#include "kernel.h"
#include "model/tap.h"
#include "model/walk.h"

#define HASH		BPF_MAP_TYPE_HASH
#define PERCPU_HASH	BPF_MAP_TYPE_PERCPU_HASH
#define LRU_HASH	BPF_MAP_TYPE_LRU_HASH
#define LRU_PERCPU_HASH BPF_MAP_TYPE_LRU_PERCPU_HASH

/* The kernel's: bytes of key and value, and entries, beyond which is E2BIG. */
#define ELEMENT_MAX 4194255ull
#define ENTRIES_MAX (1u << 27)

static bool is_refused(const struct map_attr *attr)
{
	return (uint64_t)attr->key_size + attr->value_size > ELEMENT_MAX ||
	       attr->max_entries > ENTRIES_MAX;
}

/* Preallocated, with some more for each CPU. */
static uint64_t kernel_bytes(const struct map_attr *attr)
{
	return (attr->key_size + attr->value_size * (1ull + topology_cpus())) *
	       attr->max_entries;
}

static struct map_attr pick_attr(struct rng *rng)
{
	static const uint32_t types[] = {
		HASH,
		PERCPU_HASH,
		LRU_HASH,
		LRU_PERCPU_HASH,
	};
	static const uint32_t keys[] = {
		0,   1,	      3,       5,	8,	  511,
		512, 4194247, 4194254, 4194255, 1u << 31, UINT32_MAX,
	};
	static const uint32_t values[] = {
		0,	    1,	      7,	  8,	      9,       4096,
		32760,	    32761,    32767,	  32768,      32769,   32776,
		65536,	    4194247,  4194250,	  4194251,    4194252, 4194255,
		0x7fffffff, 1u << 31, 0xfffffffc, UINT32_MAX,
	};
	static const uint32_t entries[] = {
		0,
		1,
		2,
		3,
		5,
		1000,
		(1u << 27) + 1,
		1u << 31,
		(1u << 31) + 1,
		UINT32_MAX,
	};
	static const uint32_t flags[] = {
		BPF_F_NUMA_NODE,   BPF_F_RDONLY,	BPF_F_WRONLY,
		BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG,	BPF_F_ZERO_SEED,
		BPF_F_NO_PREALLOC, BPF_F_NO_COMMON_LRU,
	};
	struct map_attr attr = {
		.map_type = rng_pick(rng, types),
		.key_size = 1 + rng_below(rng, 20),
		.value_size = 1 + rng_below(rng, 40),
		.max_entries = 1 + rng_below(rng, 20),
	};

	if (rng_one_in(rng, 6))
		attr.key_size = rng_pick(rng, keys);
	if (rng_one_in(rng, 4))
		attr.value_size = rng_pick(rng, values);
	if (rng_one_in(rng, 6))
		attr.max_entries = rng_pick(rng, entries);
	kernel_pick_rest(rng, &attr, flags, sizeof(flags) / sizeof(flags[0]));
	if (!is_refused(&attr) && kernel_bytes(&attr) > KERNEL_BYTES)
		attr.max_entries = 1;
	/* The largest are cheap enough for now and then. */
	if (!is_refused(&attr) && kernel_bytes(&attr) > KERNEL_BYTES &&
	    !rng_one_in(rng, 10))
		attr.value_size = attr.key_size = 1000;
	return attr;
}

/* What was last written under each key, and may have been evicted since. */
struct lru {
	struct rng rng;
	struct subject *subject;
	struct keys keys;
	uint32_t max_entries;
	unsigned char *key;
	unsigned char *value;
	bool *written;
	unsigned char *values;
};

static unsigned char *last_value(struct lru *lru, uint32_t number)
{
	return lru->values + number * keys_value_bytes(&lru->keys);
}

static bool wrong(struct lru *lru, const char *what, long res)
{
	tap_comment("%s: %s: %ld", lru->subject->ops->name, what, res);
	return false;
}

static bool is_right(struct lru *lru, const void *key, const void *value)
{
	uint32_t number = keys_number(&lru->keys, key);

	return number < lru->keys.space && lru->written[number] &&
	       !memcmp(value, last_value(lru, number),
		       keys_value_bytes(&lru->keys));
}

static bool lru_update(struct lru *lru, uint32_t number)
{
	static const uint64_t flags[] = { BPF_ANY, BPF_ANY, BPF_NOEXIST,
					  BPF_EXIST };
	uint64_t flag = rng_pick(&lru->rng, flags);
	int err;

	keys_value(&lru->keys, &lru->rng, lru->key, lru->value);
	err = lru->subject->ops->update(lru->subject, lru->key, lru->value,
					flag);
	if ((err == -EEXIST && flag == BPF_NOEXIST && lru->written[number]) ||
	    (err == -ENOENT && flag == BPF_EXIST))
		return true;
	if (err || (flag == BPF_EXIST && !lru->written[number]))
		return wrong(lru, "update", err);
	lru->written[number] = true;
	memcpy(last_value(lru, number), lru->value,
	       keys_value_bytes(&lru->keys));
	return true;
}

static bool lru_lookup(struct lru *lru, uint32_t number, bool take)
{
	const struct subject_ops *ops = lru->subject->ops;
	int err;

	err = take ? ops->lookup_and_delete(lru->subject, lru->key,
					    lru->value) :
		     ops->lookup(lru->subject, lru->key, lru->value);
	if (err && err != -ENOENT)
		return wrong(lru, "lookup", err);
	if (!err && !is_right(lru, lru->key, lru->value))
		return wrong(lru, "lookup of a wrong value", number);
	/* What is evicted stays away until it is written anew. */
	if (err || take)
		lru->written[number] = false;
	return true;
}

static bool lru_walk(struct lru *lru)
{
	const size_t bytes = lru->keys.key_size + keys_value_bytes(&lru->keys);
	struct walk walk = {
		.method = rng_below(&lru->rng, WALK_METHODS),
		.rng = { rng_next(&lru->rng) },
		.keys = &lru->keys,
		.room = lru->max_entries,
	};
	unsigned char *record;
	bool ok = true;
	uint32_t i;
	int err;

	walk.records = malloc(walk.room * bytes);
	if (!walk.records)
		abort();
	err = lru->subject->ops->walk(lru->subject, &walk);
	if (err)
		ok = wrong(lru, "walk", err);
	for (i = 0; i < walk.count && ok; i++) {
		record = walk.records + i * bytes;
		if (!is_right(lru, record, record + lru->keys.key_size) ||
		    (i && !memcmp(record, record - bytes, lru->keys.key_size)))
			ok = wrong(lru, "walk over a wrong element", i);
	}
	free(walk.records);
	if (walk.method == WALK_DRAIN)
		memset(lru->written, 0, lru->keys.space);
	return ok;
}

static bool lru_step(struct lru *lru)
{
	uint32_t number = rng_below(&lru->rng, lru->keys.space);
	int err;

	keys_make(&lru->keys, number, lru->key);
	switch (rng_below(&lru->rng, 16)) {
	case 0:
	case 1:
	case 2:
		return lru_lookup(lru, number, false);
	case 3:
		return lru_lookup(lru, number, true);
	case 4:
		err = lru->subject->ops->delete (lru->subject, lru->key);
		if (err && (err != -ENOENT))
			return wrong(lru, "delete", err);
		lru->written[number] = false;
		return true;
	case 5:
		return !rng_one_in(&lru->rng, 4) || lru_walk(lru);
	default:
		return lru_update(lru, number);
	}
}

static bool run_lru(struct rng rng, struct subject *subject,
		    const struct map_attr *attr, uint32_t steps)
{
	struct lru lru = {
		.rng = rng,
		.subject = subject,
		.max_entries = attr->max_entries,
	};
	bool ok = true;
	uint32_t cpus = topology_cpus();

	if (attr->map_flags & BPF_F_NO_COMMON_LRU)
		lru.max_entries = (attr->max_entries + cpus - 1) / cpus * cpus;
	keys_init(&lru.keys, &lru.rng, attr);
	lru.key = malloc(lru.keys.key_size);
	lru.value = malloc(keys_value_bytes(&lru.keys));
	lru.written = calloc(lru.keys.space, sizeof(*lru.written));
	lru.values = calloc(lru.keys.space, keys_value_bytes(&lru.keys));
	if (!lru.key || !lru.value || !lru.written || !lru.values)
		abort();
	while (steps-- && ok)
		ok = lru_step(&lru);
	ok = ok && lru_walk(&lru);
	keys_release(&lru.keys);
	free(lru.key);
	free(lru.value);
	free(lru.written);
	free(lru.values);
	return ok;
}

static bool run_lru_map(struct rng *rng, const struct maps_test *test,
			uint32_t steps)
{
	struct map_attr attr = maps_attr(rng, test->map_type);
	struct rng same = { rng_next(rng) };
	struct core_subject core;
	struct bpf_subject bpf;
	bool ok;
	int err;

	err = bpf_subject_init(&bpf, &attr, false);
	if (err) {
		tap_comment("bpf(2): %d", err);
		return false;
	}
	ok = run_lru(same, &bpf.subject, &attr, steps);
	bpf_subject_release(&bpf);
	if (!ok || !core_subject_init(&core, &attr, CORE_PLAIN))
		return false;
	ok = run_lru(same, &core.subject, &attr, steps);
	core_subject_release(&core);
	return ok;
}

static const struct maps_test tests[] = {
	{ HASH, false, "", kernel_run_map },
	{ PERCPU_HASH, false, "", kernel_run_map },
	{ LRU_HASH, false, ", by invariants", run_lru_map },
	{ LRU_PERCPU_HASH, false, ", by invariants", run_lru_map },
};

int main(void)
{
	return kernel_main(pick_attr, tests, sizeof(tests) / sizeof(tests[0]));
}
