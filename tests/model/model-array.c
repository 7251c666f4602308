/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random operations on arrays and per-CPU arrays of random shapes against the
 * oracle, through the descriptor and mapped.  SEED=N replays a run, OPS=N
 * sets the operations of each of its tests.
 */
#include "core/topology.h"
#include "oracle.h"
#include "steps.h"
#include "tap.h"

static bool run_map(struct rng *rng, uint32_t map_type, bool mapped,
		    uint32_t steps)
{
	struct map_attr attr = steps_attr(rng, map_type);
	struct core_subject core;
	struct oracle oracle;
	bool same;
	int err;

	attr.unpriv = rng_one_in(rng, 3);
	err = core_subject_init(&core, &attr, mapped);
	if (err) {
		tap_comment("a map type %u value %u entries %u flags %#x: %d",
			    map_type, attr.value_size, attr.max_entries,
			    attr.map_flags, err);
		return false;
	}
	oracle_init(&oracle, &attr, topology_cpus());
	same = steps_run(rng, &core.subject, &oracle.subject, &attr, steps);
	oracle_release(&oracle);
	core_subject_release(&core);
	return same;
}

/* Each test starts from the seed, so that it can be told alone. */
static void run_test(uint64_t seed, uint64_t ops, uint32_t map_type,
		     bool mapped)
{
	struct rng rng = { seed };
	uint32_t maps = 0;
	bool same = true;
	uint64_t done;
	uint32_t n;

	for (done = 0; done < ops && same; done += n, maps++) {
		n = 1 + rng_below(&rng, 1000);
		if (n > ops - done)
			n = (uint32_t)(ops - done);
		same = run_map(&rng, map_type, mapped, n);
	}
	if (!same)
		tap_comment("SEED=%llu: the %uth map", (unsigned long long)seed,
			    maps);
	tap_ok(same, "%s%s: %llu operations on %u maps",
	       map_type_name(map_type), mapped ? ", mapped" : "",
	       (unsigned long long)done, maps);
}

int main(void)
{
	uint64_t seed = env_seed();
	uint64_t ops = env_u64("OPS", 150000);

	run_test(seed, ops, BPF_MAP_TYPE_ARRAY, false);
	run_test(seed, ops, BPF_MAP_TYPE_ARRAY, true);
	run_test(seed, ops, BPF_MAP_TYPE_PERCPU_ARRAY, false);
	run_test(seed, ops, BPF_MAP_TYPE_PERCPU_ARRAY, true);
	map_free_wait();
	return tap_done();
}
