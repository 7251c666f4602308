/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ring buffers of our core beside those of the running kernel: what can be
 * made, and that bpf(2) has none of its operations for them.
 */
#include "kernel.h"
#include "model/tap.h"

static const uint32_t types[] = {
	BPF_MAP_TYPE_RINGBUF,
	BPF_MAP_TYPE_USER_RINGBUF,
};

static struct map_attr pick_attr(struct rng *rng)
{
	static const uint32_t sizes[] = { 1, 4, 8, UINT32_MAX };
	static const uint32_t entries[] = {
		0,     1,	 2048,	4095,  4097,	   6000,
		12288, 1u << 18, 32768, 65536, 0xfffff000, UINT32_MAX
	};
	static const uint32_t flags[] = {
		BPF_F_NUMA_NODE,   BPF_F_RDONLY,    BPF_F_WRONLY,
		BPF_F_RDONLY_PROG, BPF_F_ZERO_SEED, BPF_F_MMAPABLE,
	};
	struct map_attr attr = {
		.map_type = rng_pick(rng, types),
		.max_entries = 4096u << rng_below(rng, 4),
	};

	if (rng_one_in(rng, 10))
		attr.key_size = rng_pick(rng, sizes);
	if (rng_one_in(rng, 10))
		attr.value_size = rng_pick(rng, sizes);
	if (rng_one_in(rng, 3))
		attr.max_entries = rng_pick(rng, entries);
	if (rng_one_in(rng, 2))
		kernel_pick_rest(rng, &attr, flags,
				 sizeof(flags) / sizeof(flags[0]));
	return attr;
}

/* Each operation, frozen and not: the same errno. */
static bool same_answers(struct map *map, struct bpf_subject *bpf)
{
	const struct subject_ops *ops = bpf->subject.ops;
	struct map_batch ours = { .count = 1 };
	struct map_batch theirs = { .count = 1 };
	struct subject *s = &bpf->subject;
	uint64_t value = 0;

	return map_lookup_elem_sys_only(map, NULL, &value) ==
		       ops->lookup(s, NULL, &value) &&
	       map_update_elem(map, NULL, &value, BPF_ANY) ==
		       ops->update(s, NULL, &value, BPF_ANY) &&
	       map_delete_elem(map, NULL) == ops->delete (s, NULL) &&
	       map_get_next_key(map, NULL, &value) ==
		       ops->next_key(s, NULL, &value) &&
	       map_lookup_and_delete_elem(map, NULL, &value) ==
		       ops->lookup_and_delete(s, NULL, &value) &&
	       map_lookup_batch(map, &ours) == ops->lookup_batch(s, &theirs) &&
	       map_update_batch(map, &ours) == ops->update_batch(s, &theirs) &&
	       map_delete_batch(map, &ours) == ops->delete_batch(s, &theirs);
}

static bool run_map(struct rng *rng, const struct maps_test *test,
		    uint32_t steps)
{
	struct map_attr attr = {
		.map_type = test->map_type,
		.max_entries = 4096u << rng_below(rng, 4),
	};
	struct charge charge = { 0 };
	struct bpf_subject bpf;
	struct map *map;
	bool same;

	(void)steps;
	if (map_create(&attr, &charge, NULL, &map))
		return false;
	same = !bpf_subject_init(&bpf, &attr, false);
	if (same) {
		same = same_answers(map, &bpf);
		if (same && rng_one_in(rng, 2))
			same = map_freeze(map) ==
				       bpf.subject.ops->freeze(&bpf.subject) &&
			       same_answers(map, &bpf);
		bpf_subject_release(&bpf);
	}
	map_put_now(map);
	return same;
}

static const struct maps_test tests[] = {
	{ BPF_MAP_TYPE_RINGBUF, false, "", run_map },
	{ BPF_MAP_TYPE_USER_RINGBUF, false, "", run_map },
};

int main(void)
{
	return kernel_main(pick_attr, tests, sizeof(tests) / sizeof(tests[0]));
}
