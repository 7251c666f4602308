/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle-queue.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static struct oracle_queue *oracle_of(struct subject *s)
{
	return (struct oracle_queue *)((char *)s -
				       offsetof(struct oracle_queue, subject));
}

static unsigned char *value_at(struct oracle_queue *o, uint32_t n)
{
	return o->values + n * o->value_size;
}

static void drop(struct oracle_queue *o, uint32_t n)
{
	memmove(value_at(o, n), value_at(o, n + 1),
		(o->count - n - 1) * o->value_size);
	o->count--;
}

static uint32_t next(const struct oracle_queue *o)
{
	return o->stack ? o->count - 1 : 0;
}

static int oracle_update(struct subject *s, const void *key, const void *value,
			 uint64_t flags)
{
	struct oracle_queue *o = oracle_of(s);

	(void)key;
	if (o->frozen)
		return -EPERM;
	if (flags != BPF_ANY && flags != BPF_EXIST)
		return -EINVAL;
	if (o->count == o->max_entries) {
		if (flags != BPF_EXIST)
			return -E2BIG;
		drop(o, 0);
	}
	memcpy(value_at(o, o->count++), value, o->value_size);
	return 0;
}

static int oracle_lookup(struct subject *s, const void *key, void *value)
{
	struct oracle_queue *o = oracle_of(s);

	(void)key;
	if (!o->count)
		return -ENOENT;
	memcpy(value, value_at(o, next(o)), o->value_size);
	return 0;
}

static int oracle_lookup_and_delete(struct subject *s, const void *key,
				    void *value)
{
	struct oracle_queue *o = oracle_of(s);
	int err = o->frozen ? -EPERM : oracle_lookup(s, key, value);

	if (!err)
		drop(o, next(o));
	return err;
}

static int oracle_delete(struct subject *s, const void *key)
{
	(void)key;
	return oracle_of(s)->frozen ? -EPERM : -EINVAL;
}

static int oracle_next_key(struct subject *s, const void *key, void *next_key)
{
	(void)s;
	(void)key;
	(void)next_key;
	return -EINVAL;
}

static int oracle_lookup_batch(struct subject *s, struct map_batch *batch)
{
	(void)s;
	(void)batch;
	return -EOPNOTSUPP;
}

/* *pos is how many were shown. */
static int oracle_list(struct subject *s, uint64_t *pos, void *keys,
		       void *values, uint32_t count)
{
	struct oracle_queue *o = oracle_of(s);

	(void)keys;
	if (count > o->count - *pos)
		count = (uint32_t)(o->count - *pos);
	memcpy(values, value_at(o, (uint32_t)*pos), count * o->value_size);
	*pos += count;
	return (int)count;
}

static int oracle_clear(struct subject *s)
{
	struct oracle_queue *o = oracle_of(s);

	if (o->frozen)
		return -EPERM;
	o->count = 0;
	return 0;
}

static int oracle_freeze(struct subject *s)
{
	struct oracle_queue *o = oracle_of(s);

	if (o->frozen)
		return -EPERM;
	o->frozen = true;
	return 0;
}

void oracle_queue_init(struct oracle_queue *oracle, const struct map_attr *attr)
{
	static const struct subject_ops ops = {
		.name = "oracle",
		.lookup = oracle_lookup,
		.update = oracle_update,
		.delete = oracle_delete,
		.lookup_and_delete = oracle_lookup_and_delete,
		.next_key = oracle_next_key,
		.lookup_batch = oracle_lookup_batch,
		.list = oracle_list,
		.clear = oracle_clear,
		.freeze = oracle_freeze,
	};

	*oracle = (struct oracle_queue){
		.subject = { &ops },
		.stack = attr->map_type == BPF_MAP_TYPE_STACK,
		.max_entries = attr->max_entries,
		.value_size = attr->value_size,
		.values = calloc(attr->max_entries + 1, attr->value_size),
	};
	if (!oracle->values)
		abort();
}

void oracle_queue_release(struct oracle_queue *oracle)
{
	free(oracle->values);
}
