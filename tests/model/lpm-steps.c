/* SPDX-License-Identifier: BSD-2-Clause */
#include "lpm-steps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define ADDRESSES 6u
#define KEY_MAX	  260u
#define VALUE_MAX 64u
#define BATCH_MAX 12u

struct run {
	struct rng *rng;
	struct subject *s[2];
	uint32_t key_size;
	uint32_t value_size;
	uint32_t bits;
	uint32_t room; /* prefixes that a walk may have */
	unsigned char address[ADDRESSES][KEY_MAX];
	unsigned char key[KEY_MAX];
	unsigned char value[VALUE_MAX];
};

/* What a step did to a subject. */
struct result {
	int res;
	uint32_t count;
	unsigned char key[KEY_MAX];
	unsigned char keys[BATCH_MAX * KEY_MAX];
	unsigned char values[BATCH_MAX * VALUE_MAX];
};

struct map_attr lpm_steps_attr(struct rng *rng)
{
	static const uint32_t data[] = { 1, 1, 2,  3,  4,  4,  4,
					 5, 8, 16, 16, 64, 256 };
	static const uint32_t entries[] = { 1, 2, 3, 8, 30, 30, 300, 2500 };
	struct map_attr attr = {
		.map_type = BPF_MAP_TYPE_LPM_TRIE,
		.key_size = 4 + rng_pick(rng, data),
		.value_size = 1 + rng_below(rng, VALUE_MAX),
		.max_entries = rng_pick(rng, entries),
		.map_flags = BPF_F_NO_PREALLOC,
	};

	return attr;
}

static uint32_t pick_length(struct run *run)
{
	uint32_t edge[] = { 0, run->bits, run->bits, run->bits + 1,
			    UINT32_MAX };

	return rng_one_in(run->rng, 8) ? rng_pick(run->rng, edge) :
					 rng_below(run->rng, run->bits + 1);
}

static void pick_key(struct run *run, unsigned char *key)
{
	uint32_t length = pick_length(run);
	uint32_t bit;

	memcpy(key, &length, sizeof(length));
	memcpy(key + 4, run->address[rng_below(run->rng, ADDRESSES)],
	       run->key_size - 4);
	while (rng_one_in(run->rng, 2)) {
		bit = rng_below(run->rng, run->bits);
		key[4 + bit / 8] ^= (unsigned char)(0x80 >> bit % 8);
	}
}

static uint64_t pick_flags(struct run *run)
{
	static const uint64_t flags[] = { BPF_NOEXIST, BPF_EXIST, BPF_NOEXIST,
					  BPF_EXIST,   3,	  BPF_F_LOCK,
					  UINT64_MAX };

	return rng_one_in(run->rng, 4) ? rng_pick(run->rng, flags) : BPF_ANY;
}

static bool differ(const struct run *run, const char *what,
		   const struct result *a, const struct result *b)
{
	if (a->res == b->res && a->count == b->count &&
	    !memcmp(a->key, b->key, sizeof(a->key)) &&
	    !memcmp(a->keys, b->keys, sizeof(a->keys)) &&
	    !memcmp(a->values, b->values, sizeof(a->values)))
		return false;
	tap_comment("key %u: %s: %s %d, count %u, %s %d, count %u",
		    run->key_size, what, run->s[0]->ops->name, a->res, a->count,
		    run->s[1]->ops->name, b->res, b->count);
	return true;
}

static void pick_batch(struct run *run, unsigned char *keys)
{
	uint32_t i;

	for (i = 0; i < BATCH_MAX; i++)
		pick_key(run, keys + i * run->key_size);
}

enum step {
	STEP_UPDATE,
	STEP_LOOKUP,
	STEP_DELETE,
	STEP_NEXT,
	STEP_LOOKUP_BATCH,
	STEP_UPDATE_BATCH,
	STEP_DELETE_BATCH,
	STEP_TAKE,
	STEPS,
};

static const char *const names[] = {
	"update",	"lookup",	"delete",	"next_key",
	"lookup_batch", "update_batch", "delete_batch", "lookup_and_delete",
};

struct args {
	enum step step;
	uint64_t flags;
	bool null;
	uint32_t count;
	unsigned char keys[BATCH_MAX * KEY_MAX];
	unsigned char values[BATCH_MAX * VALUE_MAX];
};

static void do_batch(struct run *run, struct subject *s,
		     const struct args *args, struct result *r)
{
	struct map_batch batch = {
		.in_batch = args->null ? NULL : run->key,
		.out_batch = r->key,
		.keys = r->keys,
		.values = r->values,
		.count = args->count,
		.elem_flags = args->flags == BPF_F_LOCK ? BPF_F_LOCK : 0,
	};

	if (args->step == STEP_LOOKUP_BATCH) {
		r->res = s->ops->lookup_batch(s, &batch);
	} else {
		memcpy(r->keys, args->keys, sizeof(args->keys));
		memcpy(r->values, args->values, sizeof(args->values));
		r->res = args->step == STEP_UPDATE_BATCH ?
				 s->ops->update_batch(s, &batch) :
				 s->ops->delete_batch(s, &batch);
	}
	r->count = batch.count;
}

static void do_step(struct run *run, struct subject *s, const struct args *args,
		    struct result *r)
{
	memset(r, 0xa5, sizeof(*r));
	switch (args->step) {
	case STEP_UPDATE:
		r->res = s->ops->update(s, run->key, run->value, args->flags);
		break;
	case STEP_LOOKUP:
		r->res = s->ops->lookup(s, run->key, r->values);
		break;
	case STEP_DELETE:
		r->res = s->ops->delete (s, run->key);
		break;
	case STEP_NEXT:
		r->res = s->ops->next_key(s, args->null ? NULL : run->key,
					  r->key);
		break;
	case STEP_TAKE:
		r->res = s->ops->lookup_and_delete(s, run->key, r->values);
		break;
	default:
		do_batch(run, s, args, r);
	}
}

static enum step pick_step(struct run *run)
{
	uint32_t n = rng_below(run->rng, 100);

	if (n < 40)
		return STEP_UPDATE;
	if (n < 62)
		return STEP_LOOKUP;
	if (n < 82)
		return STEP_DELETE;
	if (n < 93)
		return STEP_NEXT;
	return (enum step)(STEP_LOOKUP_BATCH +
			   rng_below(run->rng, STEPS - STEP_LOOKUP_BATCH));
}

static bool one_step(struct run *run)
{
	struct result r[2];
	struct args args = {
		.step = pick_step(run),
		.flags = pick_flags(run),
		.null = rng_one_in(run->rng, 4),
		.count = rng_below(run->rng, BATCH_MAX + 1),
	};
	int i;

	pick_key(run, run->key);
	rng_fill(run->rng, run->value, run->value_size);
	pick_batch(run, args.keys);
	rng_fill(run->rng, args.values, sizeof(args.values));
	for (i = 0; i < 2; i++)
		do_step(run, run->s[i], &args, &r[i]);
	return !differ(run, names[args.step], &r[0], &r[1]);
}

/* Every key in order, and what a lookup of it gives. */
static bool walk_both(struct run *run)
{
	const struct args next = { .step = STEP_NEXT };
	const struct args first = { .step = STEP_NEXT, .null = true };
	const struct args lookup = { .step = STEP_LOOKUP };
	struct result r[2];
	uint32_t n;
	int i;

	for (n = 0; n <= run->room; n++) {
		for (i = 0; i < 2; i++)
			do_step(run, run->s[i], n ? &next : &first, &r[i]);
		if (differ(run, "walk", &r[0], &r[1]))
			return false;
		if (r[0].res)
			return r[0].res == -ENOENT;
		memcpy(run->key, r[0].key, run->key_size);
		for (i = 0; i < 2; i++)
			do_step(run, run->s[i], &lookup, &r[i]);
		if (r[0].res || differ(run, "lookup", &r[0], &r[1]))
			return false;
	}
	tap_comment("a walk goes on and on");
	return false;
}

/*
 * The listing of one who has such a thing: as many as are walked, by address,
 * a shorter prefix before a longer one.
 */
static bool check_list(struct run *run, struct subject *s)
{
	unsigned char before[KEY_MAX] = { 0 };
	unsigned char keys[3 * KEY_MAX];
	unsigned char values[3 * VALUE_MAX];
	unsigned char looked[VALUE_MAX];
	uint32_t total = 0;
	uint32_t walked = 0;
	uint64_t pos = 0;
	int n;
	int i;

	if (!s->ops->list)
		return true;
	while ((n = s->ops->list(s, &pos, keys, values,
				 1 + rng_below(run->rng, 3))) > 0) {
		for (i = 0; i < n; i++, total++) {
			unsigned char *key = keys + i * (int)run->key_size;
			uint32_t length;
			uint32_t bit;

			if (s->ops->lookup(s, key, looked) ||
			    memcmp(looked, values + i * (int)run->value_size,
				   run->value_size)) {
				tap_comment("a listing's value");
				return false;
			}
			memcpy(&length, key, sizeof(length));
			for (bit = length; bit < run->bits; bit++)
				key[4 + bit / 8] &=
					(unsigned char)~(0x80 >> bit % 8);
			memmove(key, key + 4, run->key_size - 4);
			/* Big endian behind the address: comparable. */
			key[run->key_size - 4] = (unsigned char)(length >> 8);
			key[run->key_size - 3] = (unsigned char)length;
			if (total &&
			    memcmp(before, key, run->key_size - 2) >= 0) {
				tap_comment("a listing's order");
				return false;
			}
			memcpy(before, key, run->key_size);
		}
	}
	while (!s->ops->next_key(s, walked ? run->key : NULL, run->key))
		walked++;
	if (n == 0 && total == walked)
		return true;
	tap_comment("a listing of %u, %u are there: %d", total, walked, n);
	return false;
}

bool lpm_steps_run(struct rng *rng, struct subject *a, struct subject *b,
		   const struct map_attr *attr, uint32_t steps)
{
	struct run run = {
		.rng = rng,
		.s = { a, b },
		.key_size = attr->key_size,
		.value_size = attr->value_size,
		.bits = 8 * (attr->key_size - 4),
		.room = attr->max_entries,
	};
	uint32_t i;

	for (i = 0; i < ADDRESSES; i++)
		rng_fill(rng, run.address[i], attr->key_size - 4);
	for (i = 0; i < steps; i++) {
		if (!one_step(&run))
			return false;
		if (i % 512 == 511 && !walk_both(&run))
			return false;
	}
	return walk_both(&run) && check_list(&run, a) && check_list(&run, b);
}
