/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle-bloom.h"

#include <errno.h>
#include <string.h>

#include "tap.h"

struct map_attr bloom_oracle_attr(struct rng *rng)
{
	static const uint32_t sizes[] = { 2, 3, 4, 8, 8, 17, 100, 5000 };
	static const uint32_t entries[] = { 1, 10, 100, 1000, 5000 };
	static const uint32_t flags[] = {
		0,
		BPF_F_ZERO_SEED,
		BPF_F_NUMA_NODE,
		BPF_F_RDONLY_PROG,
		BPF_F_WRONLY_PROG,
	};

	return (struct map_attr){
		.map_type = BPF_MAP_TYPE_BLOOM_FILTER,
		.value_size = rng_pick(rng, sizes),
		.max_entries = 1 + rng_below(rng, rng_pick(rng, entries)),
		.map_flags = rng_pick(rng, flags),
		.map_extra = rng_below(rng, 16),
	};
}

/* The bytes of value n: its number is in them, wherever it has room. */
static void make_value(struct bloom_oracle *o, uint32_t n)
{
	uint16_t number = (uint16_t)n;
	uint32_t at = n % (o->attr->value_size - 1);

	memset(o->value, (int)(n % 7), o->attr->value_size);
	memcpy(o->value + at, &number, sizeof(number));
}

static bool is_right(struct bloom_oracle *o, uint32_t n, int peeked)
{
	if (!peeked) {
		o->seemed[n] = true;
		return true;
	}
	return peeked == -ENOENT && !o->in[n] && !o->seemed[n];
}

static int expected_push(const struct bloom_oracle *o, uint64_t flags)
{
	if (o->frozen)
		return -EPERM;
	return flags ? -EINVAL : 0;
}

bool bloom_oracle_step(struct bloom_oracle *o,
		       int (*push)(void *arg, const void *value,
				   uint64_t flags),
		       int (*peek)(void *arg, void *value), void *arg)
{
	static const uint64_t bad[] = { 1, 2, 3, 4, 8, 1ull << 32, ~0ull };
	uint32_t n = rng_below(o->rng, BLOOM_VALUES);
	uint64_t flags = 0;
	int result;

	make_value(o, n);
	if (rng_one_in(o->rng, 2)) {
		result = peek(arg, o->value);
		if (is_right(o, n, result))
			return true;
		tap_comment("peek of value %u: %d", n, result);
		return false;
	}
	if (rng_one_in(o->rng, 10))
		flags = rng_pick(o->rng, bad);
	result = push(arg, o->value, flags);
	if (result == expected_push(o, flags)) {
		o->in[n] |= !result;
		return true;
	}
	tap_comment("push of value %u, flags %#llx: %d", n,
		    (unsigned long long)flags, result);
	return false;
}
