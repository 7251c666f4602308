/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random operations on arrays and per-CPU arrays of random shapes against the
 * oracle, through the descriptor and mapped.  SEED=N replays a run, OPS=N
 * sets the operations of each of its tests.
 */
#include "core/topology.h"
#include "maps.h"
#include "oracle-array.h"
#include "steps.h"
#include "tap.h"

#define ARRAY	     BPF_MAP_TYPE_ARRAY
#define PERCPU_ARRAY BPF_MAP_TYPE_PERCPU_ARRAY

static bool run_map(struct rng *rng, const struct maps_test *test,
		    uint32_t steps)
{
	struct map_attr attr = maps_attr(rng, test->map_type);
	struct core_subject core;
	struct oracle_array oracle;
	bool same;

	attr.unpriv = rng_one_in(rng, 3);
	if (!core_subject_init(&core, &attr, test->way))
		return false;
	oracle_array_init(&oracle, &attr, topology_cpus());
	same = steps_run(rng, &core.subject, &oracle.subject, &attr, steps);
	oracle_array_release(&oracle);
	core_subject_release(&core);
	return same;
}

static const struct maps_test tests[] = {
	{ ARRAY, CORE_PLAIN, "", run_map },
	{ ARRAY, CORE_MAPPED, ", mapped", run_map },
	{ PERCPU_ARRAY, CORE_PLAIN, "", run_map },
	{ PERCPU_ARRAY, CORE_MAPPED, ", mapped", run_map },
};

int main(void)
{
	uint64_t seed = env_seed();
	uint64_t ops = env_u64("OPS", 150000);
	size_t i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		maps_test_run(&tests[i], seed, ops);
	map_free_wait();
	return tap_done();
}
