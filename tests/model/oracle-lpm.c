/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle-lpm.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static struct oracle_lpm *oracle_of(struct subject *s)
{
	return (struct oracle_lpm *)((char *)s -
				     offsetof(struct oracle_lpm, subject));
}

static size_t record_bytes(const struct oracle_lpm *o)
{
	return o->key_size + o->value_size;
}

static unsigned char *record_at(const struct oracle_lpm *o, uint32_t n)
{
	return o->records + n * record_bytes(o);
}

static uint32_t length_of(const void *key)
{
	uint32_t length;

	memcpy(&length, key, sizeof(length));
	return length;
}

static int bit_of(const unsigned char *key, uint32_t bit)
{
	return key[4 + bit / 8] >> (7 - bit % 8) & 1;
}

/* The first bit of the first 'bits' in which they differ, or 'bits'. */
static uint32_t parts_at(const void *a, const void *b, uint32_t bits)
{
	uint32_t bit = 0;

	while (bit < bits && bit_of(a, bit) == bit_of(b, bit))
		bit++;
	return bit;
}

static bool contains(const void *prefix, const void *key)
{
	uint32_t length = length_of(prefix);

	return length <= length_of(key) &&
	       parts_at(prefix, key, length) == length;
}

static bool same(const void *a, const void *b)
{
	return length_of(a) == length_of(b) && contains(a, b);
}

/* Does a come before b?  A prefix comes behind those that it contains. */
static bool before(const unsigned char *a, const unsigned char *b)
{
	uint32_t least = length_of(a) < length_of(b) ? length_of(a) :
						       length_of(b);
	uint32_t bit = parts_at(a, b, least);

	return bit == least ? length_of(a) > length_of(b) : !bit_of(a, bit);
}

/* The number of that very prefix, or count. */
static uint32_t find(const struct oracle_lpm *o, const void *key)
{
	uint32_t n = 0;

	while (n < o->count && !same(record_at(o, n), key))
		n++;
	return n;
}

static int oracle_lookup(struct subject *s, const void *key, void *value)
{
	struct oracle_lpm *o = oracle_of(s);
	const unsigned char *best = NULL;
	uint32_t n;

	if (length_of(key) > o->bits)
		return -ENOENT;
	for (n = 0; n < o->count; n++)
		if (contains(record_at(o, n), key) &&
		    (!best || length_of(record_at(o, n)) > length_of(best)))
			best = record_at(o, n);
	if (!best)
		return -ENOENT;
	memcpy(value, best + o->key_size, o->value_size);
	return 0;
}

static int oracle_update(struct subject *s, const void *key, const void *value,
			 uint64_t flags)
{
	struct oracle_lpm *o = oracle_of(s);
	uint32_t n;

	if (flags > BPF_EXIST || length_of(key) > o->bits)
		return -EINVAL;
	n = find(o, key);
	if (n < o->count && flags == BPF_NOEXIST)
		return -EEXIST;
	if (n == o->count) {
		if (flags == BPF_EXIST)
			return -ENOENT;
		if (o->count == o->max_entries)
			return -ENOSPC;
		for (n = 0; n < o->count && before(record_at(o, n), key);)
			n++;
		memmove(record_at(o, n + 1), record_at(o, n),
			(o->count++ - n) * record_bytes(o));
	}
	memcpy(record_at(o, n), key, o->key_size);
	memcpy(record_at(o, n) + o->key_size, value, o->value_size);
	return 0;
}

static int oracle_delete(struct subject *s, const void *key)
{
	struct oracle_lpm *o = oracle_of(s);
	uint32_t n;

	if (length_of(key) > o->bits)
		return -EINVAL;
	n = find(o, key);
	if (n == o->count)
		return -ENOENT;
	memmove(record_at(o, n), record_at(o, n + 1),
		(--o->count - n) * record_bytes(o));
	return 0;
}

static int oracle_lookup_and_delete(struct subject *s, const void *key,
				    void *value)
{
	(void)s;
	(void)key;
	(void)value;
	return -EOPNOTSUPP;
}

static int oracle_next_key(struct subject *s, const void *key, void *next)
{
	struct oracle_lpm *o = oracle_of(s);
	uint32_t n = 0;

	if (key && length_of(key) <= o->bits) {
		n = find(o, key);
		n = n == o->count ? 0 : n + 1;
	}
	if (n == o->count)
		return -ENOENT;
	memcpy(next, record_at(o, n), o->key_size);
	return 0;
}

static int oracle_lookup_batch(struct subject *s, struct map_batch *batch)
{
	struct oracle_lpm *o = oracle_of(s);
	const void *token = batch->in_batch;
	unsigned char *key = batch->keys;
	unsigned char *value = batch->values;
	uint32_t count = batch->count;
	int err;

	if (batch->elem_flags)
		return -EINVAL;
	batch->count = 0;
	while (batch->count < count) {
		err = oracle_next_key(s, token, key);
		if (err)
			return err;
		memcpy(value, record_at(o, find(o, key)) + o->key_size,
		       o->value_size);
		memcpy(batch->out_batch, key, o->key_size);
		token = batch->out_batch;
		batch->count++;
		key += o->key_size;
		value += o->value_size;
	}
	return 0;
}

/* Each element of a batch by itself, up to the first that fails. */
static int each(struct subject *s, struct map_batch *batch, bool update)
{
	struct oracle_lpm *o = oracle_of(s);
	const unsigned char *key = batch->keys;
	const unsigned char *value = batch->values;
	uint32_t count = batch->count;
	int err;

	if (batch->elem_flags)
		return -EINVAL;
	for (batch->count = 0; batch->count < count; batch->count++) {
		err = update ? oracle_update(s, key, value, 0) :
			       oracle_delete(s, key);
		if (err)
			return err;
		key += o->key_size;
		value += o->value_size;
	}
	return 0;
}

static int oracle_update_batch(struct subject *s, struct map_batch *batch)
{
	return each(s, batch, true);
}

static int oracle_delete_batch(struct subject *s, struct map_batch *batch)
{
	return each(s, batch, false);
}

static const struct subject_ops oracle_ops = {
	.name = "oracle",
	.lookup = oracle_lookup,
	.update = oracle_update,
	.delete = oracle_delete,
	.lookup_and_delete = oracle_lookup_and_delete,
	.next_key = oracle_next_key,
	.lookup_batch = oracle_lookup_batch,
	.update_batch = oracle_update_batch,
	.delete_batch = oracle_delete_batch,
};

void oracle_lpm_init(struct oracle_lpm *oracle, const struct map_attr *attr)
{
	*oracle = (struct oracle_lpm){
		.subject.ops = &oracle_ops,
		.key_size = attr->key_size,
		.value_size = attr->value_size,
		.bits = 8 * (attr->key_size - 4),
		.max_entries = attr->max_entries,
	};
	/* One more: the end of the last is pointed to. */
	oracle->records =
		malloc((attr->max_entries + 1ul) * record_bytes(oracle));
	if (!oracle->records)
		abort();
}

void oracle_lpm_release(struct oracle_lpm *oracle)
{
	free(oracle->records);
}
