/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tries of our core beside those of the running kernel: random attributes,
 * then random operations, must come out alike, the order of keys included.
 */
#include "kernel.h"
#include "model/lpm-steps.h"
#include "model/tap.h"

#define LPM_TRIE BPF_MAP_TYPE_LPM_TRIE

static struct map_attr pick_attr(struct rng *rng)
{
	static const uint32_t keys[] = {
		0, 1, 4, 5, 6, 8, 20, 259, 260, 261, 264, 1u << 31, UINT32_MAX,
	};
	static const uint32_t values[] = {
		0,	 1,	  7,	    4096,     4194023,
		4194024, 4194025, 1u << 22, 1u << 31, UINT32_MAX,
	};
	/* Nothing is allocated at once, so the kernel takes any number. */
	static const uint32_t entries[] = { 0, 1, 2, 1000, 100000 };
	static const uint32_t flags[] = {
		BPF_F_NO_PREALLOC,   BPF_F_NO_PREALLOC, BPF_F_NO_PREALLOC,
		BPF_F_NUMA_NODE,     BPF_F_RDONLY,	BPF_F_WRONLY,
		BPF_F_RDONLY_PROG,   BPF_F_WRONLY_PROG, BPF_F_ZERO_SEED,
		BPF_F_NO_COMMON_LRU, BPF_F_MMAPABLE,
	};
	struct map_attr attr = {
		.map_type = LPM_TRIE,
		.key_size = 5 + rng_below(rng, 20),
		.value_size = 1 + rng_below(rng, 40),
		.max_entries = 1 + rng_below(rng, 20),
		.map_flags = rng_one_in(rng, 8) ? 0 : BPF_F_NO_PREALLOC,
	};

	if (rng_one_in(rng, 4))
		attr.key_size = rng_pick(rng, keys);
	if (rng_one_in(rng, 4))
		attr.value_size = rng_pick(rng, values);
	if (rng_one_in(rng, 6) && attr.value_size <= 4096)
		attr.max_entries = rng_pick(rng, entries);
	kernel_pick_rest(rng, &attr, flags, sizeof(flags) / sizeof(flags[0]));
	return attr;
}

static bool run_map(struct rng *rng, const struct maps_test *test,
		    uint32_t steps)
{
	struct map_attr attr = lpm_steps_attr(rng);
	struct core_subject core;
	struct bpf_subject bpf;
	bool same;
	int err;

	(void)test;
	if (!core_subject_init(&core, &attr, CORE_PLAIN))
		return false;
	err = bpf_subject_init(&bpf, &attr, false);
	if (err) {
		tap_comment("bpf(2): %d", err);
		core_subject_release(&core);
		return false;
	}
	same = lpm_steps_run(rng, &core.subject, &bpf.subject, &attr, steps);
	bpf_subject_release(&bpf);
	core_subject_release(&core);
	return same;
}

static const struct maps_test tests[] = {
	{ LPM_TRIE, false, "", run_map },
};

int main(void)
{
	return kernel_main(pick_attr, tests, sizeof(tests) / sizeof(tests[0]));
}
