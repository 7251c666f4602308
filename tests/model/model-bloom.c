/* SPDX-License-Identifier: BSD-2-Clause */
/* Bloom filters of the core beside a set of what was pushed. */
#include <stdlib.h>

#include "maps.h"
#include "oracle-bloom.h"
#include "tap.h"

static struct map *turn(struct core_subject *core)
{
	return core->maps[core->maps[1] ? core->turn++ % 2 : 0];
}

static int push(void *arg, const void *value, uint64_t flags)
{
	return map_push_elem(turn(arg), value, flags);
}

static int peek(void *arg, void *value)
{
	return map_peek_elem(turn(arg), value);
}

/* Sometimes all is forgotten, or nothing can change any more. */
static bool rare(struct bloom_oracle *o, struct core_subject *core)
{
	uint32_t n;

	if (rng_one_in(o->rng, 400) && !o->frozen) {
		for (n = 0; n < BLOOM_VALUES; n++)
			o->in[n] = o->seemed[n] = false;
		if (map_clear(core->maps[0]))
			return false;
	}
	if (rng_one_in(o->rng, 1000) && !core->maps[1] && !o->frozen) {
		o->frozen = true;
		if (map_freeze(core->maps[0]))
			return false;
	}
	return true;
}

static bool run_map(struct rng *rng, const struct maps_test *test,
		    uint32_t steps)
{
	struct map_attr attr = bloom_oracle_attr(rng);
	struct bloom_oracle o = { .rng = rng, .attr = &attr };
	struct map_census census;
	struct core_subject core;
	bool good = true;

	if (!core_subject_init(&core, &attr, (enum core_way)test->way))
		return false;
	o.value = malloc(attr.value_size);
	for (; good && o.value && steps; steps--)
		good = rare(&o, &core) &&
		       bloom_oracle_step(&o, push, peek, &core);
	good = good && o.value && !map_check(core.maps[0], &census);
	free(o.value);
	core_subject_release(&core);
	return good;
}

int main(void)
{
	static const struct maps_test tests[] = {
		{ BPF_MAP_TYPE_BLOOM_FILTER, CORE_PLAIN, "", run_map },
		{ BPF_MAP_TYPE_BLOOM_FILTER, CORE_ATTACHED, ", attached too",
		  run_map },
	};
	uint64_t seed = env_seed();
	uint64_t ops = env_u64("OPS", 250000);
	size_t i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		maps_test_run(&tests[i], seed, ops);
	map_free_wait();
	return tap_done();
}
