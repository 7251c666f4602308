/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bloom filters of our core beside those of the running kernel.  Which values
 * that were not pushed seem to be in is a matter of the hash and so differs;
 * how many is compared.
 */
#include <errno.h>
#include <stdlib.h>

#include "kernel.h"
#include "model/oracle-bloom.h"
#include "model/tap.h"

static struct map_attr pick_attr(struct rng *rng)
{
	static const uint32_t types[] = { BPF_MAP_TYPE_BLOOM_FILTER };
	static const uint32_t keys[] = { 1, 4, UINT32_MAX };
	static const uint32_t values[] = { 0, 4194303, 4194304, 4194305,
					   UINT32_MAX };
	static const uint32_t entries[] = { 0, 1, 50, 1u << 20 };
	static const uint64_t extras[] = { 14, 15, 16, 1ull << 32 };
	static const uint32_t flags[] = {
		BPF_F_NUMA_NODE,   BPF_F_RDONLY,      BPF_F_WRONLY,
		BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG, BPF_F_ZERO_SEED,
	};
	struct map_attr attr = {
		.map_type = rng_pick(rng, types),
		.value_size = 1 + rng_below(rng, 40),
		.max_entries = 1 + rng_below(rng, 2000),
		.map_extra = rng_below(rng, 16),
	};

	if (rng_one_in(rng, 10))
		attr.key_size = rng_pick(rng, keys);
	if (rng_one_in(rng, 5))
		attr.value_size = rng_pick(rng, values);
	if (rng_one_in(rng, 5))
		attr.max_entries = rng_pick(rng, entries);
	if (rng_one_in(rng, 5))
		attr.map_extra = rng_pick(rng, extras);
	kernel_pick_rest(rng, &attr, flags, sizeof(flags) / sizeof(flags[0]));
	return attr;
}

static int core_push(void *arg, const void *value, uint64_t flags)
{
	struct core_subject *core = arg;

	return map_push_elem(core->maps[0], value, flags);
}

static int core_peek(void *arg, void *value)
{
	struct core_subject *core = arg;

	return map_peek_elem(core->maps[0], value);
}

static int bpf_push(void *arg, const void *value, uint64_t flags)
{
	struct bpf_subject *bpf = arg;

	return bpf->subject.ops->update(&bpf->subject, NULL, value, flags);
}

static int bpf_peek(void *arg, void *value)
{
	struct bpf_subject *bpf = arg;

	return bpf->subject.ops->lookup(&bpf->subject, NULL, value);
}

/* What a filter has not, with a key and without: the same errno. */
static bool same_refusals(struct core_subject *core, struct bpf_subject *bpf)
{
	const struct subject_ops *ops = bpf->subject.ops;
	struct map *map = core->maps[0];
	struct map_batch ours = { .count = 1 };
	struct map_batch theirs = { .count = 1 };
	uint64_t value[700] = { 0 };
	uint64_t key = 0;

	return map_delete_elem(map, NULL) ==
		       ops->delete (&bpf->subject, NULL) &&
	       map_get_next_key(map, NULL, &key) ==
		       ops->next_key(&bpf->subject, NULL, &key) &&
	       map_lookup_and_delete_elem(map, NULL, value) ==
		       ops->lookup_and_delete(&bpf->subject, NULL, value) &&
	       map_lookup_batch(map, &ours) ==
		       ops->lookup_batch(&bpf->subject, &theirs) &&
	       map_update_batch(map, &ours) ==
		       ops->update_batch(&bpf->subject, &theirs) &&
	       map_delete_batch(map, &ours) ==
		       ops->delete_batch(&bpf->subject, &theirs) &&
	       map_lookup_and_delete_batch(map, &ours) ==
		       ops->take_batch(&bpf->subject, &theirs);
}

static uint32_t count_false(const struct bloom_oracle *o)
{
	uint32_t count = 0;
	uint32_t n;

	for (n = 0; n < BLOOM_VALUES; n++)
		count += o->seemed[n] && !o->in[n];
	return count;
}

/* The same operations on both, each beside a set of its own. */
static bool run_both(struct rng *rng, const struct map_attr *attr,
		     struct core_subject *core, struct bpf_subject *bpf,
		     uint32_t steps)
{
	struct rng again = *rng;
	struct bloom_oracle ours = { .rng = rng, .attr = attr };
	struct bloom_oracle theirs = { .rng = &again, .attr = attr };
	unsigned char *value = malloc(attr->value_size);
	bool freeze = rng_one_in(rng, 4);
	bool good = value;
	uint32_t i;

	again = *rng;
	ours.value = theirs.value = value;
	for (i = 0; good && i < steps; i++) {
		if (freeze && i == steps - steps / 8) {
			ours.frozen = theirs.frozen = true;
			good = map_freeze(core->maps[0]) ==
			       bpf->subject.ops->freeze(&bpf->subject);
		}
		good = good &&
		       bloom_oracle_step(&ours, core_push, core_peek, core) &&
		       bloom_oracle_step(&theirs, bpf_push, bpf_peek, bpf);
	}
	good = good && same_refusals(core, bpf);
	/* Of some hundred peeks: far apart is not chance. */
	if (good && count_false(&ours) > 2 * count_false(&theirs) + 60) {
		tap_comment("%u false, the kernel has %u", count_false(&ours),
			    count_false(&theirs));
		good = false;
	}
	free(value);
	return good;
}

static bool run_map(struct rng *rng, const struct maps_test *test,
		    uint32_t steps)
{
	struct map_attr attr = bloom_oracle_attr(rng);
	struct core_subject core;
	struct bpf_subject bpf;
	bool same;

	(void)test;
	if (!core_subject_init(&core, &attr, CORE_PLAIN))
		return false;
	if (bpf_subject_init(&bpf, &attr, false)) {
		core_subject_release(&core);
		return false;
	}
	same = run_both(rng, &attr, &core, &bpf, steps);
	bpf_subject_release(&bpf);
	core_subject_release(&core);
	return same;
}

static const struct maps_test tests[] = {
	{ BPF_MAP_TYPE_BLOOM_FILTER, false, "", run_map },
};

int main(void)
{
	return kernel_main(pick_attr, tests, sizeof(tests) / sizeof(tests[0]));
}
