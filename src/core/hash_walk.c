/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From bucket to bucket: get_next_key, listings, batches, clear.  Groups of
 * buckets that never had an element are passed over without a look, so a large
 * map that is nearly empty is walked quickly and no page of it is allocated.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/hash_table.h"

bool hash_next_bucket(const struct hash_map *hash, uint32_t *bucket)
{
	uint32_t at = *bucket;
	uint32_t group;

	while (at < hash_buckets(hash)) {
		if (!bitset_next(&hash->groups, hash->pool.base,
				 at / HASH_GROUP, &group))
			return false;
		if (group != at / HASH_GROUP)
			at = group * HASH_GROUP;
		do {
			if ((uint32_t)shared_load(hash_word(hash, at))) {
				*bucket = at;
				return true;
			}
			at++;
		} while (at % HASH_GROUP && at < hash_buckets(hash));
	}
	return false;
}

static void load_key(const struct hash_map *hash, uint32_t node, void *key)
{
	shared_copy_out(key, hash_node_key(hash, node),
			hash->table.map.key_size);
}

/* A copy of a key before it is known to be whole.  To be freed if large. */
struct key_copy {
	uint64_t small[32];
	void *at;
};

static int key_copy_init(struct key_copy *copy, const struct hash_map *hash)
{
	copy->at = copy->small;
	if (hash->table.map.key_size > sizeof(copy->small))
		copy->at = malloc(hash->table.map.key_size);
	return copy->at ? 0 : -ENOMEM;
}

static void key_copy_release(struct key_copy *copy)
{
	if (copy->at != copy->small)
		free(copy->at);
}

/*
 * The key behind 'key' in its chain, or the first of the chain without one:
 * 1; 0 if there is none; *bucket and *restart say where to look then.
 */
static int next_in_chain(struct hash_map *hash, uint32_t bucket,
			 const void *key, void *next, bool *missing)
{
	struct hash_chain chain;
	unsigned int tries;
	uint32_t node;
	int err;

	for (tries = 0; tries < HASH_TRIES; tries++) {
		err = hash_walk(hash, bucket, key, &chain);
		if (err)
			return err;
		*missing = key && !chain.found;
		if (*missing)
			return 0;
		node = key ? shared_load(&pool_node(&hash->pool, chain.found)
						  ->next) :
			     (uint32_t)chain.was;
		if (pool_valid(&hash->pool, node))
			load_key(hash, node, next);
		if (hash_same(&chain))
			return pool_valid(&hash->pool, node);
	}
	return -EUCLEAN;
}

int hash_map_get_next_key(struct map *map, const void *key, void *next_key)
{
	struct hash_map *hash = to_hash(map);
	struct key_copy copy;
	bool missing = true;
	uint32_t bucket = 0;
	int res = 0;

	if (key_copy_init(&copy, hash))
		return -ENOMEM;
	if (key) {
		bucket = hash_bucket(hash, hash_of(hash, key));
		res = next_in_chain(hash, bucket, key, copy.at, &missing);
		bucket = missing ? 0 : bucket + 1;
	}
	while (!res && hash_next_bucket(hash, &bucket))
		res = next_in_chain(hash, bucket++, NULL, copy.at, &missing);
	if (res > 0)
		memcpy(next_key, copy.at, map->key_size);
	key_copy_release(&copy);
	return res > 0 ? 0 : res ? res : -ENOENT;
}

/*
 * Positions of a listing.  Within a bucket elements are listed in order of
 * the low half of their hashes, which insertions and deletions of others do
 * not change; of those that have it in common, a few can be told apart.
 *
 *	bits 35..62	bucket: MAP_POS_BUCKET
 *	bits 3..34	low half of the hash of the next element
 *	bits 0..2	elements of that hash to pass over
 */
#define POS_BUCKET MAP_POS_BUCKET
#define POS_TIES   3

_Static_assert(HASH_ENTRIES_MAX <= 1ull << (62 - POS_BUCKET), "positions");

/* A bucket's nodes in listing order: the rank of each is its position. */
struct ranked {
	uint64_t pos;
	uint32_t node;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a;
	const struct ranked *y = b;

	if (x->pos != y->pos)
		return x->pos < y->pos ? -1 : 1;
	return 0;
}

/*
 * Elements whose hashes agree get positions of their own, in a row.  -EUCLEAN:
 * more than there is room for are somebody's doing.
 */
static int rank_ties(struct ranked *ranked, uint32_t count)
{
	uint64_t first = 0;
	uint32_t ties = 0;
	uint32_t i;

	for (i = 0; i < count; i++) {
		ties = i && ranked[i].pos == first ? ties + 1 : 0;
		if (ties == 1u << POS_TIES)
			return -EUCLEAN;
		first = ranked[i].pos;
		ranked[i].pos += ties;
	}
	return (int)count;
}

/* The chain ranked, as of one moment.  Their number, or -EUCLEAN. */
static int rank_chain(const struct hash_map *hash, uint32_t bucket,
		      struct key_copy *key, struct hash_chain *chain,
		      struct ranked ranked[HASH_CHAIN_MAX])
{
	unsigned int tries;
	uint32_t i;
	int err;

	for (tries = 0; tries < HASH_TRIES; tries++) {
		err = hash_walk(hash, bucket, NULL, chain);
		if (err)
			return err;
		for (i = 0; i < chain->count; i++) {
			load_key(hash, chain->node[i], key->at);
			ranked[i].node = chain->node[i];
			ranked[i].pos =
				(uint64_t)bucket << POS_BUCKET |
				(uint64_t)(uint32_t)hash_of(hash, key->at)
					<< POS_TIES;
		}
		if (hash_same(chain))
			break;
	}
	if (tries == HASH_TRIES)
		return -EUCLEAN;
	qsort(ranked, chain->count, sizeof(*ranked), compare_ranked);
	return rank_ties(ranked, chain->count);
}

/*
 * The bucket's elements from *pos on, up to 'room' of them; *pos moves behind.
 * Started again as long as the chain changes under the copying.
 */
static int list_bucket(struct hash_map *hash, uint32_t bucket,
		       struct key_copy *key, uint64_t *pos, unsigned char *keys,
		       unsigned char *values, uint32_t room)
{
	const size_t value_bytes = map_value_bytes(&hash->table.map);
	struct ranked ranked[HASH_CHAIN_MAX];
	struct hash_chain chain;
	unsigned int tries;
	uint32_t done;
	uint64_t next;
	int i;
	int n;

	for (tries = 0; tries < HASH_TRIES; tries++) {
		n = rank_chain(hash, bucket, key, &chain, ranked);
		if (n < 0)
			return n;
		next = (uint64_t)(bucket + 1) << POS_BUCKET;
		for (i = 0, done = 0; i < n; i++) {
			if (ranked[i].pos < *pos)
				continue;
			if (done == room) {
				next = ranked[i].pos;
				break;
			}
			load_key(hash, ranked[i].node,
				 keys + (size_t)done *
						 hash->table.map.key_size);
			if (values)
				hash_load_value(hash, ranked[i].node,
						values + done * value_bytes);
			done++;
		}
		if (!hash_same(&chain))
			continue;
		*pos = next;
		return (int)done;
	}
	return -EUCLEAN;
}

int hash_map_seq_show_elem(struct map *map, uint64_t *pos, void *keys,
			   void *values, uint32_t count)
{
	struct hash_map *hash = to_hash(map);
	const size_t value_bytes = map_value_bytes(map);
	uint64_t bucket64 = *pos >> POS_BUCKET;
	struct key_copy key;
	uint32_t bucket = (uint32_t)bucket64;
	uint32_t done = 0;
	int res = 0;

	if (key_copy_init(&key, hash))
		return -ENOMEM;
	while (done < count && bucket64 < hash_buckets(hash) &&
	       hash_next_bucket(hash, &bucket)) {
		if (bucket != bucket64)
			*pos = (uint64_t)bucket << POS_BUCKET;
		res = list_bucket(
			hash, bucket, &key, pos,
			(unsigned char *)keys + (size_t)done * map->key_size,
			values ? (unsigned char *)values + done * value_bytes :
				 NULL,
			count - done);
		if (res < 0)
			break;
		done += (uint32_t)res;
		bucket64 = *pos >> POS_BUCKET;
		bucket = (uint32_t)bucket64;
	}
	key_copy_release(&key);
	/* What has been listed is not lost to an error behind it. */
	return done ? (int)done : res;
}

/* Copy a whole bucket out; with 'take', as it is unlinked.  Its size. */
static int batch_bucket(struct hash_map *hash, uint32_t bucket, bool take,
			struct map_batch *batch, uint32_t done, uint32_t room)
{
	const size_t value_bytes = map_value_bytes(&hash->table.map);
	const uint32_t key_size = hash->table.map.key_size;
	struct hash_chain chain;
	unsigned int tries;
	uint32_t i;
	int err;

	for (tries = 0; tries < HASH_TRIES; tries++) {
		err = hash_walk(hash, bucket, NULL, &chain);
		if (err)
			return err;
		if (chain.count > room - done)
			return -ENOSPC;
		if (chain.count && (!batch->keys || !batch->values))
			return -EFAULT;
		for (i = 0; i < chain.count; i++) {
			load_key(hash, chain.node[i],
				 (unsigned char *)batch->keys +
					 (size_t)(done + i) * key_size);
			hash_load_value(hash, chain.node[i],
					(unsigned char *)batch->values +
						(done + i) * value_bytes);
		}
		if (take && chain.count)
			err = hash_unlink_all(hash, &chain);
		else
			err = hash_same(&chain) ? 0 : -EAGAIN;
		if (!err)
			return (int)chain.count;
		if (err != -EAGAIN)
			return err;
	}
	return -EUCLEAN;
}

static int hash_batch(struct map *map, struct map_batch *batch, bool take)
{
	struct hash_map *hash = to_hash(map);
	const uint32_t room = batch->count;
	uint32_t bucket = 0;
	uint32_t done = 0;
	int res = 0;

	if (batch->flags)
		return -EINVAL;
	if (!room)
		return 0;
	batch->count = 0;
	if (batch->in_batch)
		memcpy(&bucket, batch->in_batch, sizeof(bucket));
	if (bucket >= hash_buckets(hash))
		return -ENOENT;
	if (!batch->out_batch)
		return -EFAULT;
	while (res >= 0) {
		if (!hash_next_bucket(hash, &bucket)) {
			bucket = hash_buckets(hash);
			res = -ENOENT;
			break;
		}
		res = batch_bucket(hash, bucket, take, batch, done, room);
		if (res >= 0) {
			done += (uint32_t)res;
			bucket++;
		}
	}
	/* A bucket that does not fit is the next call's first. */
	if (res == -ENOSPC && done)
		res = 0;
	if (res == -EFAULT)
		return res;
	memcpy(batch->out_batch, &bucket, sizeof(bucket));
	batch->count = done;
	return res;
}

int hash_map_lookup_batch(struct map *map, struct map_batch *batch)
{
	return hash_batch(map, batch, false);
}

int hash_map_lookup_and_delete_batch(struct map *map, struct map_batch *batch)
{
	return hash_batch(map, batch, true);
}

int hash_map_clear(struct map *map)
{
	struct hash_map *hash = to_hash(map);
	struct hash_chain chain;
	unsigned int tries = 0;
	uint32_t bucket = 0;
	int err = 0;

	while (!err && hash_next_bucket(hash, &bucket)) {
		err = hash_walk(hash, bucket, NULL, &chain);
		if (!err && chain.count)
			err = hash_unlink_all(hash, &chain);
		if (err == -EAGAIN && tries++ < HASH_TRIES) {
			err = 0;
			continue;
		}
		bucket++;
		tries = 0;
	}
	return err == -EAGAIN ? -EUCLEAN : err;
}
