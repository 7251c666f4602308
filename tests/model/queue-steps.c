/* SPDX-License-Identifier: BSD-2-Clause */
#include "queue-steps.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

struct map_attr queue_steps_attr(struct rng *rng, uint32_t map_type)
{
	static const uint32_t sizes[] = { 1, 4, 8, 8, 17, 64, 4096, 5000 };
	static const uint32_t entries[] = { 1, 2, 3, 10, 64, 65, 300 };
	static const uint32_t flags[] = {
		0, 0, BPF_F_NUMA_NODE, BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG,
	};

	return (struct map_attr){
		.map_type = map_type,
		.value_size = rng_pick(rng, sizes),
		.max_entries = rng_pick(rng, entries),
		.map_flags = rng_pick(rng, flags),
	};
}

struct run {
	struct rng *rng;
	size_t value_size;
	uint32_t max_entries;
	uint64_t flags;
	unsigned char *in;
	unsigned char *out; /* of one of the two; room for all elements */
};

static int run_push(struct run *run, struct subject *s)
{
	return s->ops->update(s, NULL, run->in, run->flags);
}

static int run_pop(struct run *run, struct subject *s)
{
	return s->ops->lookup_and_delete(s, NULL, run->out);
}

static int run_peek(struct run *run, struct subject *s)
{
	return s->ops->lookup(s, NULL, run->out);
}

static int run_delete(struct run *run, struct subject *s)
{
	(void)run;
	return s->ops->delete (s, NULL);
}

static int run_next_key(struct run *run, struct subject *s)
{
	return s->ops->next_key(s, NULL, run->out);
}

static int run_batch(struct run *run, struct subject *s)
{
	struct map_batch batch = { .count = 1, .values = run->out };

	return s->ops->lookup_batch(s, &batch);
}

/* All that is there, in random portions. */
static int run_list(struct run *run, struct subject *s)
{
	unsigned char *to = run->out;
	uint32_t shown = 0;
	uint64_t pos = 0;
	int res = 1;

	while (res > 0 && shown < run->max_entries) {
		res = s->ops->list(s, &pos, NULL, to,
				   1 + run->in[0] % 7 % run->max_entries);
		if (res > 0) {
			shown += (uint32_t)res;
			to += (size_t)res * run->value_size;
		}
	}
	return res < 0 ? res : (int)shown;
}

static int run_clear(struct run *run, struct subject *s)
{
	(void)run;
	return s->ops->clear(s);
}

static int run_freeze(struct run *run, struct subject *s)
{
	(void)run;
	return s->ops->freeze(s);
}

#define HOOK(name_) offsetof(struct subject_ops, name_)

static const struct {
	const char *name;
	uint32_t weight;
	size_t hook; /* tried where both have it */
	int (*run)(struct run *run, struct subject *s);
} calls[] = {
	{ "push", 500, HOOK(update), run_push },
	{ "pop", 400, HOOK(lookup_and_delete), run_pop },
	{ "peek", 150, HOOK(lookup), run_peek },
	{ "delete", 10, HOOK(delete), run_delete },
	{ "get_next_key", 10, HOOK(next_key), run_next_key },
	{ "lookup_batch", 10, HOOK(lookup_batch), run_batch },
	{ "list", 20, HOOK(list), run_list },
	{ "clear", 3, HOOK(clear), run_clear },
	{ "freeze", 1, HOOK(freeze), run_freeze },
};

#define NCALLS (sizeof(calls) / sizeof(calls[0]))

static size_t pick_call(struct run *run)
{
	uint32_t sum = 0;
	uint32_t at;
	size_t i;

	for (i = 0; i < NCALLS; i++)
		sum += calls[i].weight;
	at = rng_below(run->rng, sum);
	for (i = 0; at >= calls[i].weight; i++)
		at -= calls[i].weight;
	return i;
}

static uint64_t pick_flags(struct run *run)
{
	static const uint64_t flags[] = { BPF_NOEXIST, BPF_F_LOCK, 3,
					  8,	       1ull << 32, UINT64_MAX };

	if (rng_one_in(run->rng, 12))
		return rng_pick(run->rng, flags);
	return rng_one_in(run->rng, 3) ? BPF_EXIST : BPF_ANY;
}

/* In stretches, so that the map is both full and empty now and then. */
static size_t pick(struct run *run, uint32_t step)
{
	size_t i = pick_call(run);
	uint32_t stretch = 2 * run->max_entries + 8;

	run->flags = pick_flags(run);
	rng_fill(run->rng, run->in, run->value_size);
	if (i < 2 && rng_one_in(run->rng, 2))
		i = step / stretch % 2;
	return i;
}

static bool has(const struct subject *s, size_t i)
{
	void (*hook)(void);

	memcpy(&hook, (const char *)s->ops + calls[i].hook, sizeof(hook));
	return hook;
}

static bool step(struct run *run, size_t i, struct subject *a,
		 struct subject *b)
{
	size_t bytes = run->value_size * run->max_entries;
	unsigned char *mine = run->out;
	unsigned char *other = malloc(bytes);
	bool same = other;
	int res[2];

	if (!other)
		return false;
	memset(mine, 0xa5, bytes);
	memset(other, 0xa5, bytes);
	res[0] = calls[i].run(run, a);
	run->out = other;
	res[1] = calls[i].run(run, b);
	run->out = mine;
	same = res[0] == res[1] && !memcmp(mine, other, bytes);
	if (!same)
		tap_comment("%s flags %#llx: '%s' %d, '%s' %d%s", calls[i].name,
			    (unsigned long long)run->flags, a->ops->name,
			    res[0], b->ops->name, res[1],
			    res[0] == res[1] ? ", and other bytes" : "");
	free(other);
	return same;
}

bool queue_steps_run(struct rng *rng, struct subject *a, struct subject *b,
		     const struct map_attr *attr, uint32_t steps)
{
	struct run run = {
		.rng = rng,
		.value_size = attr->value_size,
		.max_entries = attr->max_entries,
		.in = malloc(attr->value_size),
		.out = malloc((size_t)attr->value_size * attr->max_entries),
	};
	bool same = run.in && run.out;
	uint32_t n;
	size_t i;

	for (n = 0; same && n < steps; n++) {
		i = pick(&run, n);
		if (has(a, i) && has(b, i))
			same = step(&run, i, a, b);
	}
	if (!same)
		tap_comment("step %u of a map of %u entries, value %u", n,
			    attr->max_entries, attr->value_size);
	free(run.in);
	free(run.out);
	return same;
}
