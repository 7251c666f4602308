/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random operations on queues and stacks against a plain list, by the one who
 * made the map and by another one in turn with it.  Afterwards the map must be
 * sound, with as many elements as the list has.  SEED=N replays a run, OPS=N
 * sets the operations of each of its tests.
 */
#include "maps.h"
#include "oracle-queue.h"
#include "queue-steps.h"
#include "tap.h"

static bool run_map(struct rng *rng, const struct maps_test *test,
		    uint32_t steps)
{
	struct map_attr attr = queue_steps_attr(rng, test->map_type);
	struct core_subject core;
	struct oracle_queue oracle;
	bool same;

	if (!core_subject_init(&core, &attr, test->way))
		return false;
	oracle_queue_init(&oracle, &attr);
	same = queue_steps_run(rng, &core.subject, &oracle.subject, &attr,
			       steps) &&
	       core_subject_check(&core, oracle.count);
	oracle_queue_release(&oracle);
	core_subject_release(&core);
	return same;
}

static const struct maps_test tests[] = {
	{ BPF_MAP_TYPE_QUEUE, CORE_PLAIN, "", run_map },
	{ BPF_MAP_TYPE_QUEUE, CORE_ATTACHED, ", attached", run_map },
	{ BPF_MAP_TYPE_STACK, CORE_PLAIN, "", run_map },
	{ BPF_MAP_TYPE_STACK, CORE_ATTACHED, ", attached", run_map },
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
