/* SPDX-License-Identifier: BSD-2-Clause */
#include "calls.h"

#include <errno.h>
#include <string.h>

static void do_lookup(struct subject *s, struct args *a, struct outcome *o)
{
	o->res = s->ops->lookup(s, a->key, o->bytes);
}

static void do_update(struct subject *s, struct args *a, struct outcome *o)
{
	o->res = s->ops->update(s, a->key, a->bytes, a->flags);
}

static void do_delete(struct subject *s, struct args *a, struct outcome *o)
{
	o->res = s->ops->delete (s, a->key);
}

static void do_lookup_and_delete(struct subject *s, struct args *a,
				 struct outcome *o)
{
	o->res = s->ops->lookup_and_delete(s, a->key, o->bytes);
}

static void do_next_key(struct subject *s, struct args *a, struct outcome *o)
{
	const unsigned char *key = a->key;

	if (a->one_buffer) {
		memcpy(o->key, a->key, a->walk.keys->key_size);
		key = o->key;
	}
	o->res = s->ops->next_key(s, a->first ? NULL : key, o->key);
}

static void do_lookup_batch(struct subject *s, struct args *a,
			    struct outcome *o)
{
	struct map_batch batch = {
		.in_batch = a->first ? NULL : a->key,
		.out_batch = o->key,
		.keys = a->null == 1 ? NULL : o->keys,
		.values = a->null == 2 ? NULL : o->bytes,
		.count = a->count,
		.elem_flags = a->flags,
		.flags = a->batch_flags,
	};

	if (a->one_buffer && !a->first) {
		memcpy(o->key, a->key, a->walk.keys->key_size);
		batch.in_batch = o->key;
	}
	o->res = s->ops->lookup_batch(s, &batch);
	o->count = batch.count;
	/* A key may have been stored before a NULL was met. */
	if (o->res == -EFAULT)
		memset(o->keys, 0, a->walk.keys->key_size);
}

static struct map_batch batch_in(const struct args *a)
{
	struct map_batch batch = {
		.keys = a->null == 1 ? NULL : a->keys,
		.values = a->null == 2 ? NULL : a->bytes,
		.count = a->count,
		.elem_flags = a->flags,
		.flags = a->batch_flags,
	};

	return batch;
}

static void do_update_batch(struct subject *s, struct args *a,
			    struct outcome *o)
{
	struct map_batch batch = batch_in(a);

	o->res = s->ops->update_batch(s, &batch);
	o->count = batch.count;
}

static void do_delete_batch(struct subject *s, struct args *a,
			    struct outcome *o)
{
	struct map_batch batch = batch_in(a);

	o->res = s->ops->delete_batch(s, &batch);
	o->count = batch.count;
}

/*
 * A batch that is refused.  Without a reason it is one of no elements: which
 * ones others would be is the layout's business.  The kernel loses those that
 * it takes and cannot store.
 */
static void do_refused_batch(struct subject *s, struct args *a,
			     struct outcome *o)
{
	uint32_t token;
	struct map_batch batch = {
		.out_batch = a->null == 3 ? NULL : &token,
		.keys = a->null == 1 ? NULL : o->keys,
		.values = a->null == 2 ? NULL : o->bytes,
		.count = a->count,
		.elem_flags = a->flags,
		.flags = a->batch_flags,
	};

	if (a->null)
		batch.count = a->walk.room;
	else if (!a->flags && !a->batch_flags)
		batch.count = 0;
	if (a->null || a->one_buffer)
		o->res = s->ops->lookup_batch(s, &batch);
	else
		o->res = s->ops->take_batch(s, &batch);
	o->count = batch.count;
	/* What was stored before it was refused, and may be looked at. */
	memset(o->keys, 0, (a->count + 2) * (size_t)a->walk.keys->key_size);
	memset(o->bytes, 0, a->count * keys_value_bytes(a->walk.keys) + 8);
}

/* Take what another subject took. */
static void take_same(struct subject *s, struct args *a, struct outcome *o)
{
	const size_t key_size = a->walk.keys->key_size;
	const size_t value_bytes = keys_value_bytes(a->walk.keys);
	const unsigned char *key = a->taken->keys;
	unsigned char *value = o->bytes;
	int err;

	o->res = a->taken->res;
	for (; o->count < a->taken->count; o->count++) {
		err = s->ops->lookup_and_delete(s, key, value);
		if (err) {
			o->res = err;
			break;
		}
		memcpy(o->keys + o->count * key_size, key, key_size);
		key += key_size;
		value += value_bytes;
	}
}

/* Any elements: the first subject says which, the other one must have them. */
static void do_take_batch(struct subject *s, struct args *a, struct outcome *o)
{
	uint32_t token;
	struct map_batch batch = {
		.out_batch = &token,
		.keys = o->keys,
		.values = o->bytes,
		.count = a->count,
		.elem_flags = a->flags,
		.flags = a->batch_flags,
	};
	bool end;

	if (a->taken && (!a->taken->res || a->taken->res == -ENOENT ||
			 a->taken->res == -ENOSPC)) {
		take_same(s, a, o);
		return;
	}
	o->res = s->ops->take_batch(s, &batch);
	o->count = batch.count;
	end = o->res == -ENOENT;
	if (end && s->ops->next_key &&
	    s->ops->next_key(s, NULL, o->key) != -ENOENT)
		o->res = -EPROTO;
}

static void do_freeze(struct subject *s, struct args *a, struct outcome *o)
{
	(void)a;
	o->res = s->ops->freeze(s);
}

static void do_lookup_mark(struct subject *s, struct args *a, struct outcome *o)
{
	o->res = s->ops->lookup_mark(s, a->key, o->bytes);
}

static void do_lookup_prog(struct subject *s, struct args *a, struct outcome *o)
{
	o->res = s->ops->lookup_prog(s, a->key, o->bytes);
}

static void do_lookup_cpu(struct subject *s, struct args *a, struct outcome *o)
{
	o->res = s->ops->lookup_cpu(s, a->key, o->bytes, a->cpu);
}

static void do_update_cpu(struct subject *s, struct args *a, struct outcome *o)
{
	o->res = s->ops->update_cpu(s, a->key, a->bytes, a->cpu, a->flags);
}

static void do_list(struct subject *s, struct args *a, struct outcome *o)
{
	o->pos = a->off;
	o->res = s->ops->list(s, &o->pos, o->keys, a->null ? NULL : o->bytes,
			      a->count);
}

static void do_read(struct subject *s, struct args *a, struct outcome *o)
{
	o->res = s->ops->read(s, o->bytes, a->size, a->off);
}

static void do_write(struct subject *s, struct args *a, struct outcome *o)
{
	o->res = s->ops->write(s, a->bytes, a->size, a->off);
}

static void do_clear(struct subject *s, struct args *a, struct outcome *o)
{
	(void)a;
	o->res = s->ops->clear(s);
}

static void do_mmap(struct subject *s, struct args *a, struct outcome *o)
{
	o->res = s->ops->mmap(s, a->prot);
}

static void do_peek(struct subject *s, struct args *a, struct outcome *o)
{
	o->res = s->ops->peek(s, a->index, a->cpu, o->bytes);
}

static void do_walk(struct subject *s, struct args *a, struct outcome *o)
{
	struct walk walk = a->walk;

	walk.records = o->bytes;
	o->res = s->ops->walk(s, &walk);
	o->count = walk.count;
}

#define CALL_BY(name, hook, shape, fixed, table)                              \
	{                                                                     \
#name, shape,                                                 \
			{ fixed, table }, offsetof(struct subject_ops, hook), \
			  do_##name                                           \
	}
#define CALL(name, shape, fixed, table) CALL_BY(name, name, shape, fixed, table)

const struct call calls[] = {
	CALL(lookup, CALL_ELEMENT, 200, 120),
	CALL(update, CALL_ELEMENT, 200, 240),
	CALL(delete, CALL_ELEMENT, 10, 90),
	CALL(lookup_and_delete, CALL_ELEMENT, 5, 60),
	CALL(next_key, CALL_ELEMENT, 60, 0),
	CALL(lookup_batch, CALL_ELEMENTS_OUT, 80, 0),
	CALL(update_batch, CALL_ELEMENTS_IN, 80, 50),
	CALL(delete_batch, CALL_ELEMENTS_IN, 5, 30),
	CALL(take_batch, CALL_ELEMENTS_OUT, 0, 15),
	CALL_BY(refused_batch, take_batch, CALL_ELEMENTS_OUT, 0, 20),
	CALL(freeze, CALL_ELEMENT, 2, 1),
	CALL(lookup_mark, CALL_ELEMENT, 20, 40),
	CALL(lookup_prog, CALL_ELEMENT, 40, 40),
	CALL(lookup_cpu, CALL_ELEMENT, 60, 40),
	CALL(update_cpu, CALL_ELEMENT, 60, 60),
	CALL(list, CALL_ELEMENTS_OUT, 40, 0),
	CALL(read, CALL_BYTES_OUT, 100, 0),
	CALL(write, CALL_BYTES_IN, 100, 0),
	CALL(clear, CALL_ELEMENT, 3, 2),
	CALL(mmap, CALL_ELEMENT, 3, 0),
	CALL(peek, CALL_ELEMENT, 60, 0),
	CALL(walk, CALL_WALK, 0, 25),
};

const size_t calls_count = sizeof(calls) / sizeof(calls[0]);

bool call_possible(const struct call *call, const struct subject *s)
{
	void *hook;

	memcpy(&hook, (const char *)s->ops + call->hook, sizeof(hook));
	return hook;
}

const struct call *call_named(const char *name)
{
	const struct call *call = calls;

	while (strcmp(call->name, name))
		call++;
	return call;
}
