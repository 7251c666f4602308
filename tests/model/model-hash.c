/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random operations on hashes of random shapes against the oracle, by the one
 * who made the map and by another one in turn with it.  Afterwards the table
 * must be sound, with as many elements as the oracle has and nothing lost.
 * SEED=N replays a run, OPS=N sets the operations of each of its tests.
 */
#include "core/topology.h"
#include "maps.h"
#include "oracle-hash.h"
#include "steps.h"
#include "tap.h"

static bool run_map(struct rng *rng, const struct maps_test *test,
		    uint32_t steps)
{
	struct map_attr attr = maps_attr(rng, test->map_type);
	struct core_subject core;
	struct oracle_hash oracle;
	bool same;

	if (!core_subject_init(&core, &attr, test->way))
		return false;
	oracle_hash_init(&oracle, &attr, topology_cpus());
	same = steps_run(rng, &core.subject, &oracle.subject, &attr, steps) &&
	       core_subject_check(&core, oracle.count);
	oracle_hash_release(&oracle);
	core_subject_release(&core);
	return same;
}

#define TESTS_OF(type)                                                    \
	{ BPF_MAP_TYPE_##type, CORE_PLAIN, "", run_map },                 \
	{                                                                 \
		BPF_MAP_TYPE_##type, CORE_ATTACHED, ", attached", run_map \
	}

static const struct maps_test tests[] = {
	TESTS_OF(HASH),
	TESTS_OF(PERCPU_HASH),
	TESTS_OF(LRU_HASH),
	TESTS_OF(LRU_PERCPU_HASH),
};

int main(void)
{
	uint64_t seed = env_seed();
	uint64_t ops = env_u64("OPS", 100000);
	size_t i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		maps_test_run(&tests[i], seed, ops);
	map_free_wait();
	return tap_done();
}
