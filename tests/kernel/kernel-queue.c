/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues and stacks of our core beside those of the running kernel. */
#include "kernel.h"
#include "model/queue-steps.h"
#include "model/tap.h"

static struct map_attr pick_attr(struct rng *rng)
{
	static const uint32_t types[] = { BPF_MAP_TYPE_QUEUE,
					  BPF_MAP_TYPE_STACK };
	static const uint32_t keys[] = { 1, 4, UINT32_MAX };
	/* The kernel takes all of its memory at once: none that it has not. */
	static const uint32_t values[] = { 0,	    1,	      7,	 4096,
					   4194305, 1u << 31, UINT32_MAX };
	static const uint32_t entries[] = { 0, 1, 2, 100 };
	static const uint32_t flags[] = {
		BPF_F_NUMA_NODE,     BPF_F_RDONLY,	BPF_F_WRONLY,
		BPF_F_RDONLY_PROG,   BPF_F_WRONLY_PROG, BPF_F_ZERO_SEED,
		BPF_F_NO_COMMON_LRU, BPF_F_NO_PREALLOC, BPF_F_MMAPABLE,
	};
	struct map_attr attr = {
		.map_type = rng_pick(rng, types),
		.value_size = 1 + rng_below(rng, 40),
		.max_entries = 1 + rng_below(rng, 20),
	};

	if (rng_one_in(rng, 8))
		attr.key_size = rng_pick(rng, keys);
	if (rng_one_in(rng, 4))
		attr.value_size = rng_pick(rng, values);
	if (rng_one_in(rng, 4))
		attr.max_entries = rng_pick(rng, entries);
	kernel_pick_rest(rng, &attr, flags, sizeof(flags) / sizeof(flags[0]));
	return attr;
}

static bool run_map(struct rng *rng, const struct maps_test *test,
		    uint32_t steps)
{
	struct map_attr attr = queue_steps_attr(rng, test->map_type);
	struct core_subject core;
	struct bpf_subject bpf;
	bool same;
	int err;

	if (!core_subject_init(&core, &attr, CORE_PLAIN))
		return false;
	err = bpf_subject_init(&bpf, &attr, false);
	if (err) {
		tap_comment("bpf(2): %d", err);
		core_subject_release(&core);
		return false;
	}
	same = queue_steps_run(rng, &core.subject, &bpf.subject, &attr, steps);
	bpf_subject_release(&bpf);
	core_subject_release(&core);
	return same;
}

static const struct maps_test tests[] = {
	{ BPF_MAP_TYPE_QUEUE, false, "", run_map },
	{ BPF_MAP_TYPE_STACK, false, "", run_map },
};

int main(void)
{
	return kernel_main(pick_attr, tests, sizeof(tests) / sizeof(tests[0]));
}
