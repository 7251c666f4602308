/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random operations on tries of random shapes against the oracle, by the one
 * who made the map and by another one in turn with it.  Afterwards the trie
 * must be sound, with as many prefixes as the oracle has and nothing lost.
 * SEED=N replays a run, OPS=N sets the operations of each of its tests.
 */
#include "lpm-steps.h"
#include "maps.h"
#include "oracle-lpm.h"
#include "tap.h"

static bool run_map(struct rng *rng, const struct maps_test *test,
		    uint32_t steps)
{
	struct map_attr attr = lpm_steps_attr(rng);
	struct core_subject core;
	struct oracle_lpm oracle;
	bool same;

	if (!core_subject_init(&core, &attr, test->way))
		return false;
	oracle_lpm_init(&oracle, &attr);
	same = lpm_steps_run(rng, &core.subject, &oracle.subject, &attr,
			     steps) &&
	       core_subject_check(&core, oracle.count);
	if (same && rng_one_in(rng, 4))
		same = core.subject.ops->clear(&core.subject) == 0 &&
		       core_subject_check(&core, 0);
	oracle_lpm_release(&oracle);
	core_subject_release(&core);
	return same;
}

static const struct maps_test tests[] = {
	{ BPF_MAP_TYPE_LPM_TRIE, CORE_PLAIN, "", run_map },
	{ BPF_MAP_TYPE_LPM_TRIE, CORE_ATTACHED, ", attached", run_map },
};

int main(void)
{
	uint64_t seed = env_seed();
	uint64_t ops = env_u64("OPS", 60000);
	size_t i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		maps_test_run(&tests[i], seed, ops);
	map_free_wait();
	return tap_done();
}
