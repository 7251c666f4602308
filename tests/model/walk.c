/* SPDX-License-Identifier: BSD-2-Clause */
#include "walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

size_t walk_record_bytes(const struct walk *w)
{
	return w->keys->key_size + keys_value_bytes(w->keys);
}

unsigned char *walk_record(struct walk *w)
{
	if (w->count == w->room)
		return NULL;
	return w->records + w->count++ * walk_record_bytes(w);
}

static int compare_records(const void *a, const void *b, void *keys)
{
	return memcmp(a, b, ((const struct keys *)keys)->key_size);
}

void walk_sort(struct walk *w)
{
	qsort_r(w->records, w->count, walk_record_bytes(w), compare_records,
		(void *)(uintptr_t)w->keys);
}

static int broken(const char *rule)
{
	tap_comment("walk: %s", rule);
	return -EPROTO;
}

/* A key that is not there gives the first one. */
static int check_restart(struct subject *s, const struct walk *w)
{
	const uint32_t size = w->keys->key_size;
	unsigned char *first = malloc(size * 2ul);
	unsigned char *again = first + size;
	int res = 0;
	int err;

	if (!first)
		abort();
	err = s->ops->next_key(s, NULL, first);
	keys_make(w->keys, w->keys->space, again);
	if (s->ops->next_key(s, again, again) != err ||
	    (!err && memcmp(first, again, size)))
		res = broken("a missing key does not start again");
	free(first);
	return res;
}

static int walk_keys(struct subject *s, struct walk *w)
{
	const uint32_t size = w->keys->key_size;
	unsigned char *key = malloc(size);
	unsigned char *record;
	int err;

	if (!key)
		abort();
	err = s->ops->next_key(s, NULL, key);
	while (!err) {
		record = walk_record(w);
		if (!record) {
			err = broken("next_key goes on and on");
			break;
		}
		memcpy(record, key, size);
		err = s->ops->lookup(s, record, record + size);
		if (!err && rng_one_in(&w->rng, 10))
			err = check_restart(s, w);
		if (err)
			break;
		err = s->ops->next_key(s, rng_one_in(&w->rng, 2) ? key : record,
				       key);
		if (err == -ENOENT) {
			err = memcmp(key, record, size) ?
				      broken("next_key wrote at the end") :
				      0;
			break;
		}
	}
	free(key);
	if (err == -ENOENT && !w->count)
		err = 0;
	return err ? err : check_restart(s, w);
}

/* One piece: the keys and values that a call stored. */
struct piece {
	uint32_t count;
	unsigned char *keys;
	unsigned char *values;
};

static struct piece piece_alloc(const struct walk *w)
{
	struct piece piece = {
		.keys = malloc((size_t)w->room * w->keys->key_size),
		.values = malloc(w->room * keys_value_bytes(w->keys)),
	};

	if (!piece.keys || !piece.values)
		abort();
	return piece;
}

static void piece_free(struct piece *piece)
{
	free(piece->keys);
	free(piece->values);
}

static int piece_add(struct walk *w, const struct piece *piece, uint32_t count)
{
	const size_t key_size = w->keys->key_size;
	const size_t value_bytes = keys_value_bytes(w->keys);
	unsigned char *record;
	uint32_t i;

	if (count > piece->count)
		return broken("more elements than asked for");
	for (i = 0; i < count; i++) {
		record = walk_record(w);
		if (!record)
			return broken("a walk in pieces goes on and on");
		memcpy(record, piece->keys + i * key_size, key_size);
		memcpy(record + key_size, piece->values + i * value_bytes,
		       value_bytes);
	}
	return 0;
}

static uint32_t piece_count(struct walk *w)
{
	uint32_t most = rng_one_in(&w->rng, 3) ? w->room : 8;

	return 1 + rng_below(&w->rng, most < w->room ? most : w->room);
}

typedef int (*batch_hook_t)(struct subject *s, struct map_batch *batch);

/* Behind the last bucket there is nothing, and the token stays. */
static int check_batch_end(struct subject *s, batch_hook_t hook, uint32_t end,
			   struct piece *piece)
{
	uint32_t token = 0xa5a5a5a5;
	struct map_batch batch = {
		.in_batch = &end,
		.out_batch = &token,
		.keys = piece->keys,
		.values = piece->values,
		.count = 1,
	};

	if (hook(s, &batch) != -ENOENT || batch.count || token != 0xa5a5a5a5)
		return broken("a batch behind the end");
	return 0;
}

static int walk_batches(struct subject *s, struct walk *w, batch_hook_t hook)
{
	struct piece piece = piece_alloc(w);
	const uint32_t *in = NULL;
	uint32_t token = 0;
	uint32_t old;
	int err = 0;

	piece.count = piece_count(w);
	while (!err) {
		struct map_batch batch = {
			.in_batch = in,
			.out_batch = &token,
			.keys = piece.keys,
			.values = piece.values,
			.count = piece.count,
		};

		err = hook(s, &batch);
		if (err == -ENOSPC && !batch.count && piece.count < w->room) {
			/* From the bucket that did not fit. */
			piece.count++;
			err = 0;
		} else if (!err || err == -ENOENT) {
			if (!err && !batch.count)
				err = broken("a batch of nothing");
			else if (piece_add(w, &piece, batch.count))
				err = -EPROTO;
			piece.count = piece_count(w);
		}
		old = token;
		in = rng_one_in(&w->rng, 2) ? &old : &token;
	}
	if (err == -ENOENT)
		err = check_batch_end(s, hook, token, &piece);
	piece_free(&piece);
	return err;
}

static int walk_list(struct subject *s, struct walk *w)
{
	struct piece piece = piece_alloc(w);
	uint64_t pos = 0;
	uint64_t end;
	int n;

	do {
		piece.count = piece_count(w);
		n = s->ops->list(s, &pos, piece.keys, piece.values,
				 piece.count);
		if (n > 0 && piece_add(w, &piece, (uint32_t)n))
			n = -EPROTO;
	} while (n > 0);
	end = pos;
	if (!n && s->ops->list(s, &pos, piece.keys, NULL, piece.count))
		n = broken("a listing goes on behind its end");
	if (!n && (pos != end || pos >> 62))
		n = broken("the position of the end");
	piece_free(&piece);
	return n;
}

static int check_values(const struct walk *w)
{
	const unsigned char *record = w->records;
	uint32_t i;

	for (i = 0; i < w->count; i++, record += walk_record_bytes(w))
		if (!keys_value_ok(w->keys, record, record + w->keys->key_size))
			return broken("a value with another key's sum");
	return 0;
}

int walk_by_calls(struct subject *s, struct walk *w)
{
	int err;

	switch (w->method) {
	case WALK_BATCH:
		err = walk_batches(s, w, s->ops->lookup_batch);
		break;
	case WALK_DRAIN:
		err = walk_batches(s, w, s->ops->take_batch);
		break;
	case WALK_LIST:
		err = s->ops->list ? walk_list(s, w) : walk_keys(s, w);
		break;
	default:
		err = walk_keys(s, w);
	}
	walk_sort(w);
	return err ? err : check_values(w);
}
