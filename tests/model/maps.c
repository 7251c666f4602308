/* SPDX-License-Identifier: BSD-2-Clause */
#include "maps.h"

#include "core/topology.h"
#include "tap.h"

#define LRU_HASH	BPF_MAP_TYPE_LRU_HASH
#define LRU_PERCPU_HASH BPF_MAP_TYPE_LRU_PERCPU_HASH

/*
 * Bytes of a map's keys and values, of one CPU, so that large maps stay cheap.
 * Some hashes are large enough to have a part for each of a few CPUs.
 */
#define BYTES_MAX (64u << 10)

static uint32_t pick_array_flags(struct rng *rng, uint32_t map_type)
{
	static const uint32_t plain[] = { BPF_F_MMAPABLE, BPF_F_INNER_MAP };

	if (map_type != BPF_MAP_TYPE_ARRAY || rng_one_in(rng, 2))
		return 0;
	return rng_pick(rng, plain);
}

/* A node only where it is allowed: see "numa" in the refusals. */
static uint32_t pick_hash_flags(struct rng *rng, uint32_t map_type)
{
	bool lru = map_type == LRU_HASH || map_type == LRU_PERCPU_HASH;
	bool percpu = map_type_ops(map_type)->flags & MAP_PERCPU;
	uint32_t flags = 0;

	if (rng_one_in(rng, 4))
		flags |= BPF_F_ZERO_SEED;
	if (lru && rng_one_in(rng, 2))
		flags |= BPF_F_NO_COMMON_LRU;
	if (!lru && rng_one_in(rng, 2))
		flags |= BPF_F_NO_PREALLOC;
	if (!percpu && !(flags & BPF_F_NO_COMMON_LRU) && rng_one_in(rng, 4))
		flags |= BPF_F_NUMA_NODE;
	return flags;
}

struct map_attr maps_attr(struct rng *rng, uint32_t map_type)
{
	static const uint32_t both[] = {
		BPF_F_RDONLY_PROG,
		BPF_F_WRONLY_PROG,
	};
	static const uint32_t keys[] = { 1, 2, 3, 4, 4, 5, 8, 16, 100, 1000 };
	static const uint32_t sizes[] = { 64, 64, 64, 16, 600, 9000 };
	static const uint32_t lengths[] = { 1, 8, 8, 30, 30, 300, 3000 };
	bool array = map_type_ops(map_type)->flags & MAP_FIXED_KEYS;
	struct map_attr attr = {
		.map_type = map_type,
		.key_size = array ? 4 : rng_pick(rng, keys),
		.value_size = 1 + rng_below(rng, rng_pick(rng, sizes)),
		.max_entries = 1 + rng_below(rng, rng_pick(rng, lengths)),
	};

	if (rng_one_in(rng, 4))
		attr.map_flags |= rng_pick(rng, both);
	attr.map_flags |= array ? pick_array_flags(rng, map_type) :
				  pick_hash_flags(rng, map_type);
	while ((attr.key_size + (uint64_t)attr.value_size) * attr.max_entries >
	       BYTES_MAX)
		attr.max_entries = (attr.max_entries + 1) / 2;
	return attr;
}

void maps_test_run(const struct maps_test *test, uint64_t seed, uint64_t ops)
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
		same = test->run_map(&rng, test, n);
	}
	if (!same)
		tap_comment("SEED=%llu: the %uth map", (unsigned long long)seed,
			    maps);
	tap_ok(same, "%s%s: %llu operations on %u maps",
	       map_type_name(test->map_type), test->how,
	       (unsigned long long)done, maps);
}
