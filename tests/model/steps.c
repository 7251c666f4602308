/* SPDX-License-Identifier: BSD-2-Clause */
#include "steps.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "calls.h"
#include "core/topology.h"
#include "tap.h"

/* Bytes that a step moves at most, unless a single value has more. */
#define MOVE_MAX (256u << 10)

struct run {
	struct rng *rng;
	bool table; /* keys come and go, and have no order */
	uint32_t max_entries;
	uint32_t cpus;
	struct keys keys;
	size_t value_bytes;
	size_t file_bytes;
	size_t room; /* of every 'bytes' */
	uint32_t max_count;
	struct args args;
	struct outcome outcome[2];
	cpu_set_t affinity; /* as it was before */
};

static uint32_t weight(const struct run *run, const struct call *call,
		       const struct subject *a, const struct subject *b)
{
	if (!call_possible(call, a) || !call_possible(call, b))
		return 0;
	return call->weight[run->table];
}

static const struct call *pick_call(struct run *run, const struct subject *a,
				    const struct subject *b)
{
	uint32_t sum = 0;
	uint32_t at;
	size_t i;

	for (i = 0; i < calls_count; i++)
		sum += weight(run, &calls[i], a, b);
	at = rng_below(run->rng, sum);
	for (i = 0; at >= weight(run, &calls[i], a, b); i++)
		at -= weight(run, &calls[i], a, b);
	return &calls[i];
}

/* Mostly indices that exist, and those about the end. */
static uint32_t pick_index(struct run *run)
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

/* Half of the time one of a few, so that some are used again and again. */
static uint32_t pick_number(struct run *run)
{
	uint32_t space = run->keys.space;

	if (rng_one_in(run->rng, 2))
		space = (space + 3) / 4;
	return rng_below(run->rng, space);
}

static uint32_t pick_key(struct run *run, unsigned char *key)
{
	uint32_t number = run->table ? pick_number(run) : pick_index(run);

	keys_make(&run->keys, number, key);
	return number;
}

static uint64_t pick_flags(struct run *run, uint32_t odds)
{
	static const uint64_t flags[] = {
		BPF_NOEXIST, BPF_EXIST,	 BPF_NOEXIST, BPF_EXIST,  BPF_NOEXIST,
		BPF_EXIST,   3,		 BPF_F_LOCK,  5,	  8,
		16,	     1ull << 31, 1ull << 32,  UINT64_MAX,
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

static void pick_value(struct run *run, const unsigned char *key,
		       unsigned char *value)
{
	if (run->table)
		keys_value(&run->keys, run->rng, key, value);
	else
		rng_fill(run->rng, value, run->value_bytes);
}

static void pick_bytes(struct run *run, const struct call *call)
{
	struct args *a = &run->args;
	uint32_t i;

	if (call->shape == CALL_BYTES_IN) {
		rng_fill(run->rng, a->bytes, a->size);
	} else if (call->shape == CALL_ELEMENTS_IN) {
		for (i = 0; i < a->count; i++) {
			unsigned char *key = a->keys + i * run->keys.key_size;

			pick_key(run, key);
			/* Outside only now and then, as that is the end. */
			if (!run->table && !rng_one_in(run->rng, 40))
				keys_make(&run->keys,
					  rng_below(run->rng, run->max_entries),
					  key);
			pick_value(run, key, a->bytes + i * run->value_bytes);
		}
	} else {
		pick_value(run, a->key, a->bytes);
	}
}

static void pick_args(struct run *run, const struct call *call)
{
	struct rng *rng = run->rng;
	struct args *a = &run->args;
	bool batch = call->shape == CALL_ELEMENTS_IN ||
		     call->shape == CALL_ELEMENTS_OUT;
	bool file = call->shape == CALL_BYTES_IN ||
		    call->shape == CALL_BYTES_OUT;

	a->index = pick_key(run, a->key);
	a->first = rng_one_in(rng, 4);
	a->one_buffer = rng_one_in(rng, 2);
	a->cpu = rng_below(rng, run->cpus + 1);
	a->flags = pick_flags(run, batch ? 12 : 4);
	a->batch_flags = pick_flags(run, 12);
	a->count = pick_count(run);
	a->null = rng_one_in(rng, 30) ? 1 + rng_below(rng, 3) : 0;
	a->prot = rng_one_in(rng, 2) ? PROT_READ : PROT_READ | PROT_WRITE;
	a->off = file ? rng_below(rng, (uint32_t)run->file_bytes + 20) :
			pick_index(run);
	if (rng_one_in(rng, 50))
		a->off = rng_next(rng);
	a->size = rng_one_in(rng, 4) ? rng_below(rng, (uint32_t)run->room + 1) :
				       rng_below(rng, 40);
	a->walk.method =
		rng_below(rng, rng_one_in(rng, 4) ? WALK_METHODS : WALK_DRAIN);
	a->walk.rng.state = rng_next(rng);
	pick_bytes(run, call);
}

/* Bytes of the outcome that the call can write, and a few beyond. */
static size_t reach(const struct run *run, const struct call *call)
{
	const struct walk *walk = &run->args.walk;
	size_t bytes = run->value_bytes;

	if (call->shape == CALL_ELEMENTS_OUT)
		bytes = run->args.count * run->value_bytes;
	if (call->shape == CALL_BYTES_OUT)
		bytes = run->args.size;
	if (call->shape == CALL_WALK)
		bytes = walk->room * walk_record_bytes(walk);
	return bytes + 8;
}

static void outcome_reset(struct run *run, struct outcome *o, size_t bytes)
{
	o->res = 0;
	o->count = 0;
	o->pos = 0;
	memset(o->key, 0xa5, run->keys.key_size);
	memset(o->keys, 0xa5, (run->args.count + 2ul) * run->keys.key_size);
	memset(o->bytes, 0xa5, bytes);
}

static const char *difference(const struct run *run, size_t bytes)
{
	const struct outcome *a = &run->outcome[0];
	const struct outcome *b = &run->outcome[1];
	const size_t key_size = run->keys.key_size;

	if (a->res != b->res)
		return "results";
	if (a->count != b->count)
		return "counts";
	if (a->pos != b->pos)
		return "positions";
	if (memcmp(a->key, b->key, key_size))
		return "keys or tokens";
	if (memcmp(a->keys, b->keys, (run->args.count + 2ul) * key_size))
		return "lists of keys";
	if (memcmp(a->bytes, b->bytes, bytes))
		return "bytes";
	return NULL;
}

static void tell(const struct run *run, const struct call *call,
		 const struct subject *a, const struct subject *b,
		 const char *what)
{
	const struct args *args = &run->args;

	tap_comment("%s of %s: '%s' %ld count %u, '%s' %ld count %u", what,
		    call->name, a->ops->name, run->outcome[0].res,
		    run->outcome[0].count, b->ops->name, run->outcome[1].res,
		    run->outcome[1].count);
	tap_comment("key %u%s%s cpu %u flags %#llx, %#llx count %u null %u "
		    "offset %llu size %zu prot %d walk %u",
		    args->index, args->first ? " first" : "",
		    args->one_buffer ? " in place" : "", args->cpu,
		    (unsigned long long)args->flags,
		    (unsigned long long)args->batch_flags, args->count,
		    args->null, (unsigned long long)args->off, args->size,
		    args->prot, args->walk.method);
}

static bool step(struct run *run, const struct call *call, struct subject *a,
		 struct subject *b)
{
	size_t bytes = reach(run, call);
	bool swap = rng_one_in(run->rng, 2);
	struct subject *subjects[] = { a, b };
	const char *what;

	outcome_reset(run, &run->outcome[0], bytes);
	outcome_reset(run, &run->outcome[1], bytes);
	run->args.taken = NULL;
	call->run(subjects[swap], &run->args, &run->outcome[swap]);
	run->args.taken = &run->outcome[swap];
	call->run(subjects[!swap], &run->args, &run->outcome[!swap]);
	what = difference(run, bytes);
	if (what)
		tell(run, call, a, b, what);
	return !what;
}

/* Where a program's slot is, and an LRU of each CPU inserts. */
static void move_to_cpu(struct run *run)
{
	uint32_t cpu = rng_below(run->rng, run->cpus);
	cpu_set_t set;

	if (!CPU_ISSET(cpu, &run->affinity))
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
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
	const struct map_ops *ops = map_type_ops(attr->map_type);
	struct walk *walk = &run->args.walk;
	size_t keys_room;
	size_t records;
	int i;

	run->rng = rng;
	run->table = !(ops->flags & MAP_FIXED_KEYS);
	run->max_entries = attr->max_entries;
	run->cpus = topology_cpus();
	keys_init(&run->keys, rng, attr);
	run->value_bytes = keys_value_bytes(&run->keys);
	run->file_bytes = run->value_bytes * run->max_entries;
	if (attr->map_flags & BPF_F_MMAPABLE)
		run->file_bytes =
			(attr->value_size + 7ul) / 8 * 8 * run->max_entries;
	walk->keys = &run->keys;
	walk->room = run->max_entries + run->cpus + 3;
	records = walk->room * walk_record_bytes(walk);
	run->room = run->value_bytes > MOVE_MAX ? run->value_bytes : MOVE_MAX;
	if (run->table && records > run->room)
		run->room = records;
	run->max_count = walk->room;
	if (run->max_count > run->room / run->value_bytes)
		run->max_count = (uint32_t)(run->room / run->value_bytes);
	keys_room = (run->max_count + 2ul) * attr->key_size;
	run->args.key = alloc(1, attr->key_size);
	run->args.keys = alloc(1, keys_room);
	run->args.bytes = alloc(run->room + 8, 1);
	for (i = 0; i < 2; i++) {
		run->outcome[i].key = alloc(1, attr->key_size);
		run->outcome[i].keys = alloc(1, keys_room);
		run->outcome[i].bytes = alloc(run->room + 8, 1);
	}
	sched_getaffinity(0, sizeof(run->affinity), &run->affinity);
	move_to_cpu(run);
}

static void run_release(struct run *run)
{
	int i;

	sched_setaffinity(0, sizeof(run->affinity), &run->affinity);
	keys_release(&run->keys);
	free(run->args.key);
	free(run->args.keys);
	free(run->args.bytes);
	for (i = 0; i < 2; i++) {
		free(run->outcome[i].key);
		free(run->outcome[i].keys);
		free(run->outcome[i].bytes);
	}
}

/* At last the whole map. */
static bool compare_all(struct run *run, struct subject *a, struct subject *b)
{
	struct args *args = &run->args;
	bool same = true;

	if (run->table) {
		args->walk.method = WALK_BATCH;
		return step(run, call_named("walk"), a, b);
	}
	for (args->index = 0; same && args->index < run->max_entries;
	     args->index++) {
		keys_make(&run->keys, args->index, args->key);
		same = step(run, call_named("lookup"), a, b);
	}
	return same;
}

bool steps_run(struct rng *rng, struct subject *a, struct subject *b,
	       const struct map_attr *attr, uint32_t steps)
{
	const struct call *call;
	struct run run = { 0 };
	bool same = true;
	uint32_t i;

	run_init(&run, rng, attr);
	for (i = 0; i < steps && same; i++) {
		if (rng_one_in(rng, 100))
			move_to_cpu(&run);
		call = pick_call(&run, a, b);
		pick_args(&run, call);
		same = step(&run, call, a, b);
	}
	same = same && compare_all(&run, a, b);
	if (!same)
		tap_comment("step %u of a map type %u key %u value %u entries "
			    "%u flags %#x%s, %u keys",
			    i, attr->map_type, attr->key_size, attr->value_size,
			    attr->max_entries, attr->map_flags,
			    attr->unpriv ? " unpriv" : "", run.keys.space);
	run_release(&run);
	return same;
}
