/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle-hash.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/topology.h"
#include "walk.h"

struct element {
	struct element *younger;
	bool marked;
	uint32_t cpu;	       /* that inserted it */
	uint32_t position;     /* in the ring of ages */
	unsigned char bytes[]; /* key and value */
};

static struct oracle_hash *oracle_of(struct subject *s)
{
	return (struct oracle_hash *)((char *)s -
				      offsetof(struct oracle_hash, subject));
}

static unsigned char *value_of(const struct oracle_hash *o, struct element *e)
{
	return e->bytes + o->key_size;
}

/* Where the element hangs, NULL if there is none. */
static struct element **find(struct oracle_hash *o, const void *key)
{
	struct element **link;

	for (link = &o->oldest; *link; link = &(*link)->younger)
		if (!memcmp((*link)->bytes, key, o->key_size))
			return link;
	return NULL;
}

static void put_last(struct oracle_hash *o, struct element *e)
{
	struct element **link = &o->oldest;

	while (*link)
		link = &(*link)->younger;
	*link = e;
	e->younger = NULL;
	o->count++;
}

static struct element *detach(struct oracle_hash *o, struct element **link)
{
	struct element *e = *link;

	*link = e->younger;
	o->count--;
	return e;
}

/* Does a new element of this CPU need the place of another one? */
static bool is_full(const struct oracle_hash *o, uint32_t cpu)
{
	const struct element *e;
	uint32_t of_cpu = 0;

	if (!o->lru_by_cpu)
		return o->count == o->max_entries;
	for (e = o->oldest; e; e = e->younger)
		of_cpu += e->cpu == cpu;
	return of_cpu == o->max_entries / o->cpus;
}

static bool is_in_part(const struct oracle_hash *o, const struct element *e,
		       uint32_t part)
{
	return !o->lru_by_cpu || e->cpu == part;
}

/*
 * Give the element the youngest position.  One that is there has gone round:
 * it counts as new once more.
 */
static void append(struct oracle_hash *o, struct element *e)
{
	uint32_t part = o->lru_by_cpu ? e->cpu : 0;
	struct element **link = &o->oldest;

	while (o->lru && *link) {
		struct element *old = *link;

		if (!is_in_part(o, old, part) ||
		    old->position != o->next[part]) {
			link = &old->younger;
			continue;
		}
		put_last(o, detach(o, link));
		o->next[part] = (o->next[part] + 1) % o->ring;
		link = &o->oldest;
	}
	e->position = o->next[part];
	o->next[part] = (o->next[part] + 1) % o->ring;
	put_last(o, e);
}

/* Those that are marked get a second chance, at the young end. */
static void evict(struct oracle_hash *o, uint32_t part)
{
	struct element **link = &o->oldest;
	struct element *e;

	for (;;) {
		if (!is_in_part(o, *link, part)) {
			link = &(*link)->younger;
			continue;
		}
		e = detach(o, link);
		if (!e->marked)
			break;
		e->marked = false;
		append(o, e);
	}
	free(e);
}

/* A new element with a value of zeros. */
static int insert(struct oracle_hash *o, const void *key, struct element **new)
{
	uint32_t cpu = topology_this_cpu();
	struct element *e;

	if (is_full(o, cpu)) {
		if (!o->lru)
			return -E2BIG;
		evict(o, cpu);
	}
	e = calloc(1, sizeof(*e) + o->key_size + o->value_bytes);
	if (!e)
		abort();
	e->cpu = cpu;
	memcpy(e->bytes, key, o->key_size);
	append(o, e);
	*new = e;
	return 0;
}

/* The element to change, new or marked as used. */
static int update_begin(struct oracle_hash *o, const void *key, uint64_t flags,
			struct element **e)
{
	struct element **link = find(o, key);

	if (link && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!link && flags == BPF_EXIST)
		return -ENOENT;
	if (!link)
		return insert(o, key, e);
	*e = *link;
	(*e)->marked = true;
	return 0;
}

static int oracle_lookup(struct subject *s, const void *key, void *value)
{
	struct oracle_hash *o = oracle_of(s);
	struct element **link = find(o, key);

	if (!link)
		return -ENOENT;
	memcpy(value, value_of(o, *link), o->value_bytes);
	return 0;
}

static int oracle_update(struct subject *s, const void *key, const void *value,
			 uint64_t flags)
{
	struct oracle_hash *o = oracle_of(s);
	struct element *e;
	int err;

	if (o->frozen)
		return -EPERM;
	if (flags > BPF_EXIST)
		return -EINVAL;
	err = update_begin(o, key, flags, &e);
	if (!err)
		memcpy(value_of(o, e), value, o->value_bytes);
	return err;
}

static int oracle_lookup_and_delete(struct subject *s, const void *key,
				    void *value)
{
	struct oracle_hash *o = oracle_of(s);
	struct element **link = find(o, key);

	if (o->frozen)
		return -EPERM;
	if (!link)
		return -ENOENT;
	if (value)
		memcpy(value, value_of(o, *link), o->value_bytes);
	free(detach(o, link));
	return 0;
}

static int oracle_delete(struct subject *s, const void *key)
{
	return oracle_lookup_and_delete(s, key, NULL);
}

static int oracle_lookup_mark(struct subject *s, const void *key, void *value)
{
	struct element **link = find(oracle_of(s), key);

	if (link)
		(*link)->marked = true;
	return oracle_lookup(s, key, value);
}

/* One slot, which marks. */
static int oracle_lookup_slot(struct oracle_hash *o, const void *key,
			      void *value, uint32_t slot)
{
	struct element **link = find(o, key);

	if (!link || slot >= o->nslots)
		return -ENOENT;
	(*link)->marked = true;
	memcpy(value, value_of(o, *link) + (size_t)slot * o->slot,
	       o->value_size);
	return 0;
}

static int oracle_lookup_prog(struct subject *s, const void *key, void *value)
{
	struct oracle_hash *o = oracle_of(s);

	return oracle_lookup_slot(o, key, value,
				  o->percpu ? topology_this_cpu() : 0);
}

static int oracle_lookup_cpu(struct subject *s, const void *key, void *value,
			     uint32_t cpu)
{
	struct oracle_hash *o = oracle_of(s);

	return o->percpu ? oracle_lookup_slot(o, key, value, cpu) : -EOPNOTSUPP;
}

static int oracle_update_cpu(struct subject *s, const void *key,
			     const void *value, uint32_t cpu, uint64_t flags)
{
	struct oracle_hash *o = oracle_of(s);
	struct element *e;
	int err;

	if (o->frozen)
		return -EPERM;
	if (!o->percpu)
		return -EOPNOTSUPP;
	if (flags > BPF_EXIST)
		return -EINVAL;
	if (cpu >= o->nslots)
		return -ENOENT;
	err = update_begin(o, key, flags, &e);
	if (!err)
		memcpy(value_of(o, e) + (size_t)cpu * o->slot, value,
		       o->value_size);
	return err;
}

static int oracle_update_batch(struct subject *s, struct map_batch *batch)
{
	struct oracle_hash *o = oracle_of(s);
	const unsigned char *key = batch->keys;
	const unsigned char *value = batch->values;
	uint32_t count = batch->count;
	int err = 0;

	if (o->frozen)
		return -EPERM;
	if (batch->elem_flags)
		return -EINVAL;
	if (!count)
		return 0;
	batch->count = 0;
	if (!key || !value)
		return -EFAULT;
	while (batch->count < count) {
		err = oracle_update(s, key, value, 0);
		if (err)
			break;
		batch->count++;
		key += o->key_size;
		value += o->value_bytes;
	}
	return err;
}

static int oracle_delete_batch(struct subject *s, struct map_batch *batch)
{
	struct oracle_hash *o = oracle_of(s);
	const unsigned char *key = batch->keys;
	uint32_t count = batch->count;
	int err = 0;

	if (o->frozen)
		return -EPERM;
	if (batch->elem_flags)
		return -EINVAL;
	if (!count)
		return 0;
	batch->count = 0;
	if (!key)
		return -EFAULT;
	while (batch->count < count) {
		err = oracle_delete(s, key);
		if (err)
			break;
		batch->count++;
		key += o->key_size;
	}
	return err;
}

/*
 * The first elements there are: from the start only, as nobody could compare
 * where in a map of another layout a token points to.
 */
static int oracle_get_batch(struct oracle_hash *o, struct map_batch *batch,
			    bool take)
{
	uint32_t count = batch->count;
	unsigned char *key = batch->keys;
	unsigned char *value = batch->values;
	struct element **link = &o->oldest;

	if (batch->elem_flags || batch->flags)
		return -EINVAL;
	if (!count)
		return 0;
	batch->count = 0;
	if (!batch->out_batch || (o->count && (!key || !value)))
		return -EFAULT;
	for (; *link && batch->count < count; batch->count++) {
		memcpy(key, (*link)->bytes, o->key_size);
		memcpy(value, value_of(o, *link), o->value_bytes);
		key += o->key_size;
		value += o->value_bytes;
		if (take)
			free(detach(o, link));
		else
			link = &(*link)->younger;
	}
	return *link ? 0 : -ENOENT;
}

static int oracle_lookup_batch(struct subject *s, struct map_batch *batch)
{
	return oracle_get_batch(oracle_of(s), batch, false);
}

static int oracle_take_batch(struct subject *s, struct map_batch *batch)
{
	struct oracle_hash *o = oracle_of(s);

	return o->frozen ? -EPERM : oracle_get_batch(o, batch, true);
}

static int oracle_freeze(struct subject *s)
{
	struct oracle_hash *o = oracle_of(s);

	if (o->frozen)
		return -EPERM;
	o->frozen = true;
	return 0;
}

static int oracle_clear(struct subject *s)
{
	struct oracle_hash *o = oracle_of(s);

	if (o->frozen)
		return -EPERM;
	while (o->oldest)
		free(detach(o, &o->oldest));
	return 0;
}

static int oracle_walk(struct subject *s, struct walk *walk)
{
	struct oracle_hash *o = oracle_of(s);
	struct element *e;

	if (walk->method == WALK_DRAIN && o->frozen)
		return -EPERM;
	for (e = o->oldest; e; e = e->younger)
		memcpy(walk_record(walk), e->bytes, walk_record_bytes(walk));
	walk_sort(walk);
	return walk->method == WALK_DRAIN ? oracle_clear(s) : 0;
}

static const struct subject_ops oracle_ops = {
	.name = "oracle",
	.lookup = oracle_lookup,
	.update = oracle_update,
	.delete = oracle_delete,
	.lookup_and_delete = oracle_lookup_and_delete,
	.lookup_batch = oracle_lookup_batch,
	.update_batch = oracle_update_batch,
	.delete_batch = oracle_delete_batch,
	.take_batch = oracle_take_batch,
	.freeze = oracle_freeze,
	.lookup_mark = oracle_lookup_mark,
	.lookup_prog = oracle_lookup_prog,
	.lookup_cpu = oracle_lookup_cpu,
	.update_cpu = oracle_update_cpu,
	.clear = oracle_clear,
	.walk = oracle_walk,
};

void oracle_hash_init(struct oracle_hash *oracle, const struct map_attr *attr,
		      uint32_t cpus)
{
	uint32_t padded = (attr->value_size + 7) / 8 * 8;
	uint32_t type = attr->map_type;
	uint32_t share;

	*oracle = (struct oracle_hash){
		.subject.ops = &oracle_ops,
		.percpu = type == BPF_MAP_TYPE_PERCPU_HASH ||
			  type == BPF_MAP_TYPE_LRU_PERCPU_HASH,
		.lru = type == BPF_MAP_TYPE_LRU_HASH ||
		       type == BPF_MAP_TYPE_LRU_PERCPU_HASH,
		.lru_by_cpu = attr->map_flags & BPF_F_NO_COMMON_LRU,
		.cpus = cpus,
		.max_entries = attr->max_entries,
		.key_size = attr->key_size,
		.value_size = attr->value_size,
		.slot = attr->value_size,
		.nslots = 1,
		.value_bytes = attr->value_size,
	};
	if (oracle->percpu) {
		oracle->slot = padded;
		oracle->nslots = cpus;
		oracle->value_bytes = (size_t)padded * cpus;
	}
	if (oracle->lru_by_cpu)
		oracle->max_entries =
			(attr->max_entries + cpus - 1) / cpus * cpus;
	share = oracle->lru_by_cpu ? oracle->max_entries / cpus :
				     oracle->max_entries;
	oracle->ring = LRU_RING_MIN;
	while (oracle->ring / LRU_RING_ELEMENTS < share)
		oracle->ring *= 2;
	oracle->next = calloc(cpus, sizeof(*oracle->next));
	if (!oracle->next)
		abort();
}

void oracle_hash_release(struct oracle_hash *oracle)
{
	while (oracle->oldest)
		free(detach(oracle, &oracle->oldest));
	free(oracle->next);
}
