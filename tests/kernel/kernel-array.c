/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrays and per-CPU arrays of our core beside those of the running kernel:
 * random attributes, then random operations, must come out alike.
 */
#include "core/topology.h"
#include "kernel.h"

#define ARRAY	     BPF_MAP_TYPE_ARRAY
#define PERCPU_ARRAY BPF_MAP_TYPE_PERCPU_ARRAY

static uint64_t kernel_bytes(const struct map_attr *attr)
{
	uint64_t elem = (attr->value_size + 7ull) & ~7ull;

	return elem * attr->max_entries * topology_cpus();
}

static struct map_attr pick_attr(struct rng *rng)
{
	static const uint32_t types[] = {
		ARRAY,	      ARRAY,	    ARRAY,	  ARRAY, PERCPU_ARRAY,
		PERCPU_ARRAY, PERCPU_ARRAY, PERCPU_ARRAY, 0,	 100,
		1u << 31,     UINT32_MAX,
	};
	static const uint32_t keys[] = { 0, 1, 3, 5, 8, 1u << 31, UINT32_MAX };
	static const uint32_t values[] = {
		0,	    1,		7,	    8,		9,
		4096,	    32760,	32761,	    32767,	32768,
		32769,	    32776,	65536,	    0x7ffffff8, 0x7fffffff,
		0x80000000, 0x80000001, 0xfffffff8, UINT32_MAX,
	};
	static const uint32_t entries[] = { 0, 1, 2, 3, 1000, UINT32_MAX };
	static const uint32_t flags[] = {
		BPF_F_NUMA_NODE,   BPF_F_RDONLY,      BPF_F_WRONLY,
		BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG, BPF_F_MMAPABLE,
		BPF_F_INNER_MAP,
	};
	struct map_attr attr = {
		.map_type = rng_pick(rng, types),
		.key_size = 4,
		.value_size = 1 + rng_below(rng, 40),
		.max_entries = 1 + rng_below(rng, 20),
	};

	if (rng_one_in(rng, 10))
		attr.key_size = rng_pick(rng, keys);
	if (rng_one_in(rng, 2))
		attr.value_size = rng_pick(rng, values);
	if (rng_one_in(rng, 6))
		attr.max_entries = rng_pick(rng, entries);
	kernel_pick_rest(rng, &attr, flags, sizeof(flags) / sizeof(flags[0]));
	/* A size that both refuse costs nothing; others are kept small. */
	if (kernel_bytes(&attr) > KERNEL_BYTES &&
	    attr.value_size <= ARRAY_VALUE_MAX)
		attr.max_entries = 1;
	if (kernel_bytes(&attr) > KERNEL_BYTES &&
	    attr.value_size <= ARRAY_VALUE_MAX && attr.map_type == ARRAY)
		attr.value_size = PERCPU_VALUE_MAX;
	return attr;
}

static const struct maps_test tests[] = {
	{ ARRAY, false, "", kernel_run_map },
	{ ARRAY, true, ", its memory mapped", kernel_run_map },
	{ PERCPU_ARRAY, false, "", kernel_run_map },
};

int main(void)
{
	return kernel_main(pick_attr, tests, sizeof(tests) / sizeof(tests[0]));
}
