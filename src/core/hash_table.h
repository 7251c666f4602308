/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table behind hash, percpu_hash and their LRU kinds: layout, walking and
 * the one way to change it.  Private to the map types; see map_hash.c for the
 * operations.
 *
 * A bucket is a word {sequence, first node}.  Chains are never edited: a change
 * builds the new chain beside the old one, with a fresh node for what changes
 * and copies of the nodes before it (usually none), and swaps the bucket's
 * word by one CAS.  So a process that is stopped or killed at any moment
 * leaves either the old chain or the new one.
 *
 *	bucket {7, A}	A -> B -> C		replace B by b
 *	bucket {8, a}	a -> b -> C		a is a copy of A
 *
 * A reader loads the word, walks, copies what it came for, and loads the word
 * again: if it has not moved, none of these nodes was unlinked meanwhile, so
 * none has been used anew, and what was copied is whole.
 *
 * Whoever may write the region can write anything into it.  A number read from
 * it is checked before it is used (pool_valid), walks are bounded by
 * HASH_CHAIN_MAX, repetitions by HASH_TRIES; what is beyond is -EUCLEAN.  The
 * layout is computed from the attributes and kept here, privately.
 */
#ifndef CORE_HASH_TABLE_H
#define CORE_HASH_TABLE_H

#include "core/pool.h"
#include "core/table.h"

/*
 * How often an operation starts again because others changed what it looked
 * at: somebody got on each time, so only one who writes for that purpose alone
 * can make it this often.
 */
#define HASH_TRIES 65536u

/* Buckets in a group: a page of them.  An empty group is never read. */
#define HASH_GROUP 512u

/* In shared memory, at the start of the region. */
struct hash_header {
	struct region_header region;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t map_flags;
	uint32_t cpus; /* slots of a per-CPU value */
	uint32_t shards;
	int32_t numa_node;
	uint32_t unused;
	uint64_t seed;
};

_Static_assert(sizeof(struct hash_header) == 72, "region format");

/* Private: an LRU's rings; see map_lru.c. */
struct hash_lru {
	uint32_t parts; /* 0: no LRU; 1, or the possible CPUs */
	uint32_t mask;	/* positions of a ring, less one */
	uint64_t tails_off;
	uint64_t slots_off;
	struct bitset occupied;	  /* of part 0 */
	uint64_t occupied_stride; /* bytes from part to part */
};

/* Private: a map of this process. */
struct hash_map {
	struct table table;
	struct pool pool;
	struct hash_lru lru;
	uint64_t seed;
	/* For a node of each kind, in milliseconds, since one was taken. */
	uint32_t waits[POOL_KINDS];
	uint32_t bucket_bits;
	uint64_t buckets_off;
	struct bitset groups; /* of buckets that may have elements */
	uint32_t value_off;   /* in a node */
	uint32_t node_words;  /* bytes of key and value in a node */
	uint32_t slot;	      /* bytes of a per-CPU slot, 0: values in nodes */
	uint32_t cpus;	      /* slots */
	uint64_t slots_off;   /* of CPU 0, node 1 */
	uint64_t cpu_stride;  /* bytes from CPU to CPU */
};

static inline struct hash_map *to_hash(const struct map *map)
{
	return (struct hash_map *)((char *)map -
				   offsetof(struct hash_map, table.map));
}

/*
 * What a walk found: a private copy of the numbers.  count nodes come before
 * 'found' (or are all there are, if it is 0).
 */
struct hash_chain {
	uint64_t *word; /* the bucket */
	uint64_t was;	/* what the walk started from */
	uint32_t bucket;
	uint32_t count;
	uint32_t found;
	uint32_t node[HASH_CHAIN_MAX];
};

/* hash_layout.c: sizes and places from the attributes, and the header. */

/*
 * Fill in everything of a zeroed map that follows from attributes that are
 * good.  The bytes of the region; UINT64_MAX when that is beyond all bounds.
 */
uint64_t hash_layout(struct hash_map *hash, const struct map_attr *attr,
		     const struct map_ops *ops, uint32_t shards);
uint32_t hash_shards(const struct map_attr *attr);
/* Once, in a new region that is mapped. */
void hash_init(struct hash_map *hash, const struct map_attr *attr);
int hash_map_attach(const struct region_header *header,
		    const struct region *region, struct map_attr *attr,
		    struct map **map);

/* hash_table.c */

uint64_t hash_of(const struct hash_map *hash, const void *key);
uint32_t hash_bucket(const struct hash_map *hash, uint64_t h);
static inline uint32_t hash_buckets(const struct hash_map *hash)
{
	return 1u << hash->bucket_bits;
}

uint64_t *hash_word(const struct hash_map *hash, uint32_t bucket);

/* False: the bucket never had an element, and need not be read. */
static inline bool hash_may_have(const struct hash_map *hash, uint32_t bucket)
{
	return bitset_has(&hash->groups, hash->pool.base, bucket / HASH_GROUP);
}

void *hash_node_key(const struct hash_map *hash, uint32_t node);
/* The slot of a per-CPU value, or the value. */
void *hash_node_slot(const struct hash_map *hash, uint32_t node, uint32_t cpu);
/* Copy a node's whole value out, as the file has it. */
void hash_load_value(const struct hash_map *hash, uint32_t node, void *value);

/*
 * Walk a bucket up to 'key', or all of it with NULL.  0: the chain is as it was
 * at one moment.  -EUCLEAN.
 */
int hash_walk(const struct hash_map *hash, uint32_t bucket, const void *key,
	      struct hash_chain *chain);
/*
 * The walk of a lookup, which keeps no list: the node of 'key' in the chain
 * that begins with 'first', 0 if there is none.  -EUCLEAN.  All of it counts
 * only if the bucket's word is seen unchanged afterwards.
 */
int hash_find(const struct hash_map *hash, uint32_t first, const void *key);
/* Has nothing changed in the bucket since the walk? */
static inline bool hash_same(const struct hash_chain *chain)
{
	return shared_load(chain->word) == chain->was;
}

/*
 * Acknowledge a node of the chain: see pool_ack.  Its mark is LINKED then.
 * False: the chain has changed (or nonsense has been written).
 */
bool hash_acknowledge(const struct hash_map *hash,
		      const struct hash_chain *chain, uint32_t node,
		      uint64_t *mark);

/*
 * Take chain->found out of the chain, for which spares may be needed.  0, and
 * *mark is its mark (LINKED): the caller drops or seizes it.  -EAGAIN: the
 * chain has changed; -ENOMEM; -EUCLEAN.
 */
int hash_unlink(struct hash_map *hash, const struct hash_chain *chain,
		uint64_t *mark);
/* Take all nodes out of a bucket that was walked to its end; free them. */
int hash_unlink_all(struct hash_map *hash, const struct hash_chain *chain);

/* What an update is: the whole value, or the slot of one CPU. */
struct hash_update {
	const void *key;
	const void *value;
	uint64_t flags; /* checked: BPF_ANY, BPF_NOEXIST or BPF_EXIST */
	bool one_cpu;
	uint32_t cpu;
};

int hash_update(struct hash_map *hash, const struct hash_update *update);

/* Where this thread takes and gives nodes. */
uint32_t hash_shard(const struct hash_map *hash);

/* hash_walk.c: from bucket to bucket, and what is made of it. */

/* The next bucket at or behind *bucket that has an element. */
bool hash_next_bucket(const struct hash_map *hash, uint32_t *bucket);
int hash_map_get_next_key(struct map *map, const void *key, void *next_key);
int hash_map_seq_show_elem(struct map *map, uint64_t *pos, void *keys,
			   void *values, uint32_t count);
int hash_map_lookup_batch(struct map *map, struct map_batch *batch);
int hash_map_lookup_and_delete_batch(struct map *map, struct map_batch *batch);
int hash_map_clear(struct map *map);

/* map_lru.c */

#define LRU_MARKED   (1u << 31) /* in a node's age: used since */
#define LRU_POSITION (LRU_MARKED - 1)

/* Which LRU a node belongs to. */
uint32_t lru_part(const struct hash_map *hash, uint32_t node);
/* The youngest position, for an element of this hash. */
uint32_t lru_append(struct hash_map *hash, uint32_t part, uint64_t h);
/*
 * A node has come into a chain, and is not yet acknowledged: has this mark.
 * It is gone, and was of that age.
 */
void lru_settle(const struct hash_map *hash, uint32_t node, uint64_t mark);
void lru_gone(const struct hash_map *hash, uint32_t node, uint32_t age);
/* 'copy' is to replace 'old' and counts as used. */
void lru_inherit(const struct hash_map *hash, uint32_t copy, uint32_t old);
void lru_mark(struct hash_map *hash, uint32_t node);
/* Is there a way from the ring to the node? */
bool lru_is_shown(const struct hash_map *hash, uint32_t node, uint64_t h);
void lru_show(struct hash_map *hash, uint32_t node, uint64_t h);
/*
 * Evict the oldest element that is not marked.  0, and *node is taken, a
 * credit; -EAGAIN: others were faster, or there is nothing to evict; -EUCLEAN.
 */
int lru_evict(struct hash_map *hash, uint32_t part, uint32_t *node);
uint64_t lru_layout(struct hash_map *hash, uint64_t off, uint32_t entries);

/* hash_reclaim.c */

/*
 * Take back what the dead had in hand.  False if nobody died since the last
 * time.  hash_show_all: make every element of an LRU be found again.
 */
bool hash_reclaim(struct hash_map *hash);
void hash_show_all(struct hash_map *hash);

/* hash_check.c */
int hash_map_check(struct map *map, struct map_census *census);

#endif
