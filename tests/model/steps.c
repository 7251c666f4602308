/* SPDX-License-Identifier: BSD-2-Clause */
#include "steps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/topology.h"
#include "tap.h"

/* Bytes that a step moves at most, unless a single value has more. */
#define MOVE_MAX (256u << 10)

/* One call: arguments for both subjects. */
struct args {
	uint32_t key;
	bool first;	 /* a NULL key; a batch from the start */
	bool one_buffer; /* in and out are the same memory */
	uint32_t cpu;
	uint64_t flags;
	uint32_t count;
	unsigned int null; /* 1: NULL keys, 2: NULL values */
	uint64_t off;	   /* of the file; position of a listing */
	size_t size;
	int prot;
	uint32_t *keys;
	unsigned char *bytes;
};

/* What came of it; memory starts out alike for both subjects. */
struct outcome {
	long res;
	uint32_t count;
	uint64_t pos;
	uint32_t key; /* the next key, or a batch's token */
	uint32_t *keys;
	unsigned char *bytes;
};

struct run {
	struct rng *rng;
	uint32_t max_entries;
	uint32_t cpus;
	size_t value_bytes;
	size_t file_bytes;
	size_t room; /* of every 'bytes' */
	uint32_t max_count;
	struct args args;
	struct outcome outcome[2];
};

static void do_lookup(struct subject *s, struct args *a, struct outcome *o)
{
	o->res = s->ops->lookup(s, &a->key, o->bytes);
}

static void do_update(struct subject *s, struct args *a, struct outcome *o)
{
	o->res = s->ops->update(s, &a->key, a->bytes, a->flags);
}

static void do_delete(struct subject *s, struct args *a, struct outcome *o)
{
	o->res = s->ops->delete (s, &a->key);
}

static void do_next_key(struct subject *s, struct args *a, struct outcome *o)
{
	const uint32_t *key = &a->key;

	if (a->one_buffer) {
		o->key = a->key;
		key = &o->key;
	}
	o->res = s->ops->next_key(s, a->first ? NULL : key, &o->key);
}

static void do_lookup_batch(struct subject *s, struct args *a,
			    struct outcome *o)
{
	struct map_batch batch = {
		.in_batch = a->first ? NULL : &a->key,
		.out_batch = &o->key,
		.keys = a->null == 1 ? NULL : o->keys,
		.values = a->null == 2 ? NULL : o->bytes,
		.count = a->count,
		.elem_flags = a->flags,
	};

	if (a->one_buffer && !a->first) {
		o->key = a->key;
		batch.in_batch = &o->key;
	}
	o->res = s->ops->lookup_batch(s, &batch);
	o->count = batch.count;
	/* A key may have been stored before a NULL was met. */
	if (o->res == -EFAULT)
		o->keys[0] = 0;
}

static void do_update_batch(struct subject *s, struct args *a,
			    struct outcome *o)
{
	struct map_batch batch = {
		.keys = a->null == 1 ? NULL : a->keys,
		.values = a->null == 2 ? NULL : a->bytes,
		.count = a->count,
		.elem_flags = a->flags,
	};

	o->res = s->ops->update_batch(s, &batch);
	o->count = batch.count;
}

static void do_freeze(struct subject *s, struct args *a, struct outcome *o)
{
	(void)a;
	o->res = s->ops->freeze(s);
}

static void do_lookup_cpu(struct subject *s, struct args *a, struct outcome *o)
{
	o->res = s->ops->lookup_cpu(s, &a->key, o->bytes, a->cpu);
}

static void do_update_cpu(struct subject *s, struct args *a, struct outcome *o)
{
	o->res = s->ops->update_cpu(s, &a->key, a->bytes, a->cpu, a->flags);
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
	o->res = s->ops->peek(s, a->key, a->cpu, o->bytes);
}

#define OP(name, weight)                                                     \
	{                                                                    \
#name, weight, offsetof(struct subject_ops, name), do_##name \
	}

static const struct op {
	const char *name;
	uint32_t weight;
	size_t hook;
	void (*run)(struct subject *s, struct args *a, struct outcome *o);
} ops[] = {
	OP(lookup, 200),  OP(update, 200),	OP(delete, 10),
	OP(next_key, 60), OP(lookup_batch, 80), OP(update_batch, 80),
	OP(freeze, 2),	  OP(lookup_cpu, 60),	OP(update_cpu, 60),
	OP(list, 40),	  OP(read, 100),	OP(write, 100),
	OP(clear, 3),	  OP(mmap, 3),		OP(peek, 60),
};

#define NOPS (sizeof(ops) / sizeof(ops[0]))

static bool has_hook(const struct subject *s, const struct op *op)
{
	void *hook;

	memcpy(&hook, (const char *)s->ops + op->hook, sizeof(hook));
	return hook;
}

static const struct op *pick_op(struct rng *rng, const struct subject *a,
				const struct subject *b)
{
	uint32_t sum = 0;
	uint32_t at;
	size_t i;

	for (i = 0; i < NOPS; i++)
		if (has_hook(a, &ops[i]) && has_hook(b, &ops[i]))
			sum += ops[i].weight;
	at = rng_below(rng, sum);
	for (i = 0;; i++) {
		if (!has_hook(a, &ops[i]) || !has_hook(b, &ops[i]))
			continue;
		if (at < ops[i].weight)
			return &ops[i];
		at -= ops[i].weight;
	}
}

/* Mostly keys that exist, and those about the end. */
static uint32_t pick_key(struct run *run)
{
	const uint32_t edge[] = {
		0,
		run->max_entries - 1,
		run->max_entries,
		run->max_entries + 1,
		1u << 31,
		UINT32_MAX,
		(uint32_t)rng_next(run->rng),
	};

	return rng_one_in(run->rng, 6) ? rng_pick(run->rng, edge) :
					 rng_below(run->rng, run->max_entries);
}

static uint64_t pick_flags(struct run *run, uint32_t odds)
{
	static const uint64_t flags[] = {
		BPF_NOEXIST, BPF_EXIST, 3,	    BPF_F_LOCK, 5,
		8,	     16,	1ull << 31, 1ull << 32, UINT64_MAX,
	};

	return rng_one_in(run->rng, odds) ? rng_pick(run->rng, flags) : BPF_ANY;
}

/* Up to somewhat more than there is, and mostly not much. */
static uint32_t pick_count(struct run *run)
{
	uint32_t max = rng_one_in(run->rng, 4) ? run->max_count : 4;

	if (max > run->max_count)
		max = run->max_count;
	return rng_below(run->rng, max + 1);
}

static void pick_args(struct run *run, const struct op *op)
{
	struct rng *rng = run->rng;
	struct args *a = &run->args;
	bool batch = op->run == do_update_batch || op->run == do_lookup_batch;
	bool file = op->run == do_read || op->run == do_write;
	uint32_t i;

	a->key = pick_key(run);
	a->first = rng_one_in(rng, 4);
	a->one_buffer = rng_one_in(rng, 2);
	a->cpu = rng_below(rng, run->cpus + 1);
	a->flags = pick_flags(run, batch ? 12 : 4);
	a->count = pick_count(run);
	a->null = rng_one_in(rng, 30) ? 1 + rng_below(rng, 2) : 0;
	a->prot = rng_one_in(rng, 2) ? PROT_READ : PROT_READ | PROT_WRITE;
	a->off = file ? rng_below(rng, (uint32_t)run->file_bytes + 20) :
			pick_key(run);
	if (rng_one_in(rng, 50))
		a->off = rng_next(rng);
	a->size = rng_one_in(rng, 4) ? rng_below(rng, (uint32_t)run->room + 1) :
				       rng_below(rng, 40);
	if (op->run == do_update_batch)
		for (i = 0; i < a->count; i++)
			a->keys[i] = rng_one_in(rng, 40) ?
					     pick_key(run) :
					     rng_below(rng, run->max_entries);
	if (op->run == do_update_batch)
		rng_fill(rng, a->bytes, a->count * run->value_bytes);
	else if (op->run == do_write)
		rng_fill(rng, a->bytes, a->size);
	else
		rng_fill(rng, a->bytes, run->value_bytes);
}

/* Bytes of the outcome that the call can write, and a few beyond. */
static size_t reach(const struct run *run, const struct op *op)
{
	size_t bytes = run->value_bytes;

	if (op->run == do_lookup_batch || op->run == do_list)
		bytes = run->args.count * run->value_bytes;
	if (op->run == do_read)
		bytes = run->args.size;
	return bytes + 8;
}

static void outcome_reset(struct run *run, struct outcome *o, size_t bytes)
{
	o->res = 0;
	o->count = 0;
	o->pos = 0;
	o->key = 0xa5a5a5a5;
	memset(o->keys, 0xa5, (run->args.count + 2) * sizeof(*o->keys));
	memset(o->bytes, 0xa5, bytes);
}

static const char *difference(const struct run *run, size_t bytes)
{
	const struct outcome *a = &run->outcome[0];
	const struct outcome *b = &run->outcome[1];

	if (a->res != b->res)
		return "results";
	if (a->count != b->count)
		return "counts";
	if (a->pos != b->pos)
		return "positions";
	if (a->key != b->key)
		return "keys or tokens";
	if (memcmp(a->keys, b->keys, (run->args.count + 2) * sizeof(*a->keys)))
		return "lists of keys";
	if (memcmp(a->bytes, b->bytes, bytes))
		return "bytes";
	return NULL;
}

static bool step(struct run *run, const struct op *op, struct subject *a,
		 struct subject *b)
{
	const struct args *args = &run->args;
	size_t bytes = reach(run, op);
	const char *what;

	outcome_reset(run, &run->outcome[0], bytes);
	outcome_reset(run, &run->outcome[1], bytes);
	op->run(a, &run->args, &run->outcome[0]);
	op->run(b, &run->args, &run->outcome[1]);
	what = difference(run, bytes);
	if (!what)
		return true;
	tap_comment("%s of %s: '%s' %ld count %u, '%s' %ld count %u", what,
		    op->name, a->ops->name, run->outcome[0].res,
		    run->outcome[0].count, b->ops->name, run->outcome[1].res,
		    run->outcome[1].count);
	tap_comment("key %u%s%s cpu %u flags %#llx count %u null %u offset "
		    "%llu size %zu prot %d",
		    args->key, args->first ? " first" : "",
		    args->one_buffer ? " in place" : "", args->cpu,
		    (unsigned long long)args->flags, args->count, args->null,
		    (unsigned long long)args->off, args->size, args->prot);
	return false;
}

static void *alloc(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory)
		abort();
	return memory;
}

static void run_init(struct run *run, struct rng *rng,
		     const struct map_attr *attr)
{
	bool percpu = attr->map_type == BPF_MAP_TYPE_PERCPU_ARRAY;
	int i;

	run->rng = rng;
	run->max_entries = attr->max_entries;
	run->cpus = topology_cpus();
	run->value_bytes = attr->value_size;
	if (percpu)
		run->value_bytes = (attr->value_size + 7) / 8 * 8 * run->cpus;
	run->file_bytes = run->value_bytes * run->max_entries;
	if (!percpu && attr->map_flags & BPF_F_MMAPABLE)
		run->file_bytes =
			(attr->value_size + 7ul) / 8 * 8 * run->max_entries;
	run->room = run->value_bytes > MOVE_MAX ? run->value_bytes : MOVE_MAX;
	run->max_count = run->max_entries + 3;
	if (run->max_count > run->room / run->value_bytes)
		run->max_count = (uint32_t)(run->room / run->value_bytes);
	run->args.keys = alloc(run->max_count + 2, sizeof(uint32_t));
	run->args.bytes = alloc(run->room + 8, 1);
	for (i = 0; i < 2; i++) {
		run->outcome[i].keys =
			alloc(run->max_count + 2, sizeof(uint32_t));
		run->outcome[i].bytes = alloc(run->room + 8, 1);
	}
}

static void run_release(struct run *run)
{
	int i;

	free(run->args.keys);
	free(run->args.bytes);
	for (i = 0; i < 2; i++) {
		free(run->outcome[i].keys);
		free(run->outcome[i].bytes);
	}
}

bool steps_run(struct rng *rng, struct subject *a, struct subject *b,
	       const struct map_attr *attr, uint32_t steps)
{
	struct run run = { 0 };
	const struct op *op;
	bool same = true;
	uint32_t i;

	run_init(&run, rng, attr);
	for (i = 0; i < steps && same; i++) {
		op = pick_op(rng, a, b);
		pick_args(&run, op);
		same = step(&run, op, a, b);
	}
	/* At last the whole map. */
	for (run.args.key = 0; same && run.args.key < attr->max_entries;
	     run.args.key++)
		same = step(&run, &ops[0], a, b);
	if (!same)
		tap_comment("step %u of a map type %u value %u entries %u "
			    "flags %#x%s",
			    i, attr->map_type, attr->value_size,
			    attr->max_entries, attr->map_flags,
			    attr->unpriv ? " unpriv" : "");
	run_release(&run);
	return same;
}

struct map_attr steps_attr(struct rng *rng, uint32_t map_type)
{
	static const uint32_t both[] = {
		BPF_F_RDONLY_PROG,
		BPF_F_WRONLY_PROG,
	};
	static const uint32_t plain[] = { BPF_F_MMAPABLE, BPF_F_INNER_MAP };
	static const uint32_t sizes[] = { 64, 64, 64, 16, 600, 9000 };
	static const uint32_t lengths[] = { 8, 8, 30, 30, 300, 3000 };
	struct map_attr attr = {
		.map_type = map_type,
		.key_size = 4,
		.value_size = 1 + rng_below(rng, rng_pick(rng, sizes)),
		.max_entries = 1 + rng_below(rng, rng_pick(rng, lengths)),
	};

	if (rng_one_in(rng, 4))
		attr.map_flags |= rng_pick(rng, both);
	if (map_type == BPF_MAP_TYPE_ARRAY && rng_one_in(rng, 2))
		attr.map_flags |= rng_pick(rng, plain);
	/* A few pages a CPU, so that large maps stay cheap. */
	while ((uint64_t)attr.value_size * attr.max_entries > 64u << 10)
		attr.max_entries = (attr.max_entries + 1) / 2;
	return attr;
}
