/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hashes of a group, one in each store, with the same elements: keys of 8
 * bytes, and values whose first word is the key.
 *
 * Keys are random numbers, each made of its place in a sequence.  Of those
 * with even and those with odd places the hash holds a window each, which
 * moves on as keys are inserted in front and deleted behind; each of two
 * processes moves one.  So a key to insert has not been there before, and one
 * to delete was inserted long ago: neither is in a cache because of the other.
 */
#ifndef HASH_H
#define HASH_H

#include <string.h>

#include "bench.h"

#define KEY_SIZE sizeof(uint64_t)

struct window {
	_Alignas(64) uint64_t tail;
	uint64_t head;
};

struct store;
struct map;

/* How a store is used.  Without 'make' it is one that this build lacks. */
struct store_ops {
	/* An empty hash of the group's sizes, in memory or bench->tmpfs. */
	int (*make)(struct store *store, const struct bench *bench);
	void (*free)(struct store *store);
	/* In the second process, once. */
	int (*second)(struct store *store);
	/*
	 * Put n keys into the empty hash.  ETIME: it is later than 'end'.
	 * NULL: update is what there is.
	 */
	int (*fill)(struct store *store, uint64_t *keys, uint64_t n,
		    void *value, uint64_t end);
	int (*lookup)(struct store *store, const uint64_t *key, void *value);
	int (*update)(struct store *store, const uint64_t *key,
		      const void *value);
	int (*delete)(struct store *store, const uint64_t *key);
};

struct store {
	const struct store_ops *ops; /* NULL: takes no part */
	uint32_t value_size;
	uint32_t slots;		/* CPUs of which an update takes values, or 1 */
	void *own;		/* the store's */
	struct window *windows; /* two, shared by the processes */
	bool is_second;
	bool prefixes; /* keys are prefixes of 64 bits */
};

/* A key of an lpm_trie. */
struct prefix_key {
	uint32_t length;
	unsigned char bytes[KEY_SIZE];
};

#define PREFIX_KEY_SIZE (sizeof(uint32_t) + KEY_SIZE)

/* The key as the store's map has it; 'prefix' is room for one. */
static inline const void *store_key(const struct store *store,
				    const uint64_t *key,
				    struct prefix_key *prefix)
{
	if (!store->prefixes)
		return key;
	prefix->length = 8 * KEY_SIZE;
	memcpy(prefix->bytes, key, KEY_SIZE);
	return prefix;
}

struct hash {
	/* None for WHO_BATCH and WHO_PIPE, which have WHO_BPF's, WHO_REDIS's.
	 */
	struct store stores[WHOS];
	struct window *windows;
	/* Elements in a window at rest, and how many may come to them. */
	uint64_t rest;
	uint64_t reserve;
	unsigned char *memory; /* to be read and written at random */
	uint64_t memory_bytes;
};

extern const struct store_ops lib_store_ops, map_store_ops, bpf_store_ops,
	tdb_store_ops, lmdb_store_ops, redis_store_ops;

/* mapfs's map, and the kernel's. */
struct map *store_map(const struct store *store);
int store_bpf_fd(const struct store *store);

/* hash_data.c: for struct group. */
int hash_make(struct bench *bench);
int hash_make_none(struct bench *bench);
void hash_free(struct bench *bench);

/*
 * Keys: any that is there; one to insert and one to delete, by which the
 * process's window moves.
 */
uint64_t hash_any_key(struct subject *s);
uint64_t hash_new_key(struct subject *s);
uint64_t hash_old_key(struct subject *s);
void hash_set_value(const struct store *store, void *value, uint64_t key);
/* 'count' keys of the process into the empty hash. */
int hash_fill(struct subject *s, uint64_t count);

static inline struct store *store_of(const struct subject *s)
{
	enum who who = s->who == WHO_BATCH ? WHO_BPF :
		       s->who == WHO_PIPE  ? WHO_REDIS :
					     s->who;

	return &s->bench->hash->stores[who];
}

/* The bytes of a value that updates take. */
static inline size_t store_value_bytes(const struct store *store)
{
	size_t slot = (store->value_size + 7u) & ~7u;

	return store->slots > 1 ? slot * store->slots : store->value_size;
}

/* Of a place in the sequence: a bijection, that of splitmix64. */
static inline uint64_t key_at(uint64_t place)
{
	uint64_t x = place * 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

#endif
