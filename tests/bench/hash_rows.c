/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include "hash_methods.h"

/* A method of all stores. */
#define STORES(m)                                                           \
	[WHO_LIB] = (m), [WHO_MAP] = (m), [WHO_BPF] = (m), [WHO_TDB] = (m), \
	[WHO_LMDB] = (m), [WHO_REDIS] = (m)

static const struct row fill_row = {
	.name = "fill",
	.method = { STORES(&hash_fill_method) },
	.once = true,
	.processes = 2,
};

static const struct row lookup_row = {
	.name = "lookup",
	.method = {
		STORES(&hash_lookup_method),
		[WHO_BATCH] = &bpf_lookup_batch_method,
		[WHO_PIPE] = &redis_lookup_pipe_method,
		[WHO_MEMORY] = &memory_load_method,
	},
	.expect = { [WHO_BPF] = 1 / 20.0, [WHO_TDB] = 1, [WHO_LMDB] = 1 },
	.expect_of = 1 << WHO_MAP | 1 << WHO_LIB,
};

static const struct row replace_row = {
	.name = "replace",
	.method = {
		STORES(&hash_replace_method),
		[WHO_BATCH] = &bpf_replace_batch_method,
		[WHO_PIPE] = &redis_replace_pipe_method,
		[WHO_MEMORY] = &memory_store_method,
	},
	.expect = { [WHO_BPF] = 1 / 6.0, [WHO_TDB] = 1, [WHO_LMDB] = 1 },
	.expect_of = 1 << WHO_MAP | 1 << WHO_LIB,
};

static const struct row insert_row = {
	.name = "insert",
	.method = {
		STORES(&hash_insert_method),
		[WHO_BATCH] = &bpf_insert_batch_method,
		[WHO_PIPE] = &redis_insert_pipe_method,
	},
};

static const struct row delete_row = {
	.name = "delete",
	.method = {
		STORES(&hash_delete_method),
		[WHO_BATCH] = &bpf_delete_batch_method,
		[WHO_PIPE] = &redis_delete_pipe_method,
	},
};

static const struct row lookup_two_row = {
	.name = "lookup, 2 processes",
	.method = {
		STORES(&hash_lookup_method),
		[WHO_BATCH] = &bpf_lookup_batch_method,
		[WHO_PIPE] = &redis_lookup_pipe_method,
	},
	.processes = 2,
	.alone = &lookup_row,
};

static const struct row replace_two_row = {
	.name = "replace, 2 processes",
	.method = {
		STORES(&hash_replace_method),
		[WHO_BATCH] = &bpf_replace_batch_method,
		[WHO_PIPE] = &redis_replace_pipe_method,
	},
	.processes = 2,
	.alone = &replace_row,
};

static const struct row insert_two_row = {
	.name = "insert, 2 processes",
	.method = {
		STORES(&hash_insert_method),
		[WHO_BATCH] = &bpf_insert_batch_method,
		[WHO_PIPE] = &redis_insert_pipe_method,
	},
	.processes = 2,
	.alone = &insert_row,
};

static const struct row delete_two_row = {
	.name = "delete, 2 processes",
	.method = {
		STORES(&hash_delete_method),
		[WHO_BATCH] = &bpf_delete_batch_method,
		[WHO_PIPE] = &redis_delete_pipe_method,
	},
	.processes = 2,
	.alone = &delete_row,
};

static const struct row lookup_batch_row = {
	.name = "batch lookup",
	.method = {
		[WHO_MAP] = &hash_lookup_batch_method,
		[WHO_BATCH] = &bpf_lookup_batch_method,
	},
};

static const struct row evict_row = {
	.name = "insert, evicting",
	.method = {
		[WHO_MAP] = &hash_evict_method,
		[WHO_BPF] = &hash_evict_method,
	},
};

static const struct row evict_two_row = {
	.name = "the same, 2 processes",
	.method = {
		[WHO_MAP] = &hash_evict_method,
		[WHO_BPF] = &hash_evict_method,
	},
	.processes = 2,
	.alone = &evict_row,
};

static const struct row own_cpu_row = {
	.name = "replace this CPU's",
	.method = { [WHO_MAP] = &hash_own_cpu_method },
};

static const struct row create_hash_row = {
	.name = "create",
	.method = { [WHO_MAP] = &hash_create_method },
	.count = 1,
};

#define ALL_ROWS                                                               \
	&fill_row, &lookup_row, &lookup_two_row, &insert_row, &insert_two_row, \
		&replace_row, &replace_two_row, &delete_row, &delete_two_row

static const struct row *const all_rows[] = { ALL_ROWS, NULL };
static const struct row *const batch_rows[] = { ALL_ROWS, &lookup_batch_row,
						NULL };
static const struct row *const curve_rows[] = { &fill_row, &lookup_row,
						&replace_row, NULL };
static const struct row *const lru_rows[] = { &fill_row, &lookup_row,
					      &evict_row, &evict_two_row,
					      NULL };
static const struct row *const percpu_rows[] = { &fill_row, &replace_row,
						 &own_cpu_row, NULL };
static const struct row *const create_rows[] = { &create_hash_row, NULL };

static const struct row *const trie_rows[] = {
	&fill_row,    &lookup_row,	&lookup_two_row, &insert_row,
	&replace_row, &replace_two_row, &delete_row,	 NULL
};

/* Who takes part: in the core's table, without other stores, in libmapfs's. */
#define CORE                                                               \
	(1u << WHO_MAP | 1u << WHO_BPF | 1u << WHO_BATCH | 1u << WHO_TDB | \
	 1u << WHO_LMDB | 1u << WHO_MEMORY)
#define LIB                                                               \
	(1u << WHO_LIB | 1u << WHO_BPF | 1u << WHO_TDB | 1u << WHO_LMDB | \
	 1u << WHO_REDIS | 1u << WHO_PIPE | 1u << WHO_MEMORY)
#define KERNEL (1u << WHO_MAP | 1u << WHO_BPF)
#define CURVE  (KERNEL | 1u << WHO_MEMORY)

/* Until the page tables of a large map are in the caches as it is in use. */
#define LARGE_MS 60

#define GROUP(type, title, r)                                               \
	.name = (title), .rows = (r), .make = hash_make, .free = hash_free, \
	.map_type = (type)
#define TRIE(title)                                                 \
	GROUP(BPF_MAP_TYPE_LPM_TRIE, "lpm_trie " title, trie_rows), \
		.only = KERNEL
#define HASH(title, r) GROUP(BPF_MAP_TYPE_HASH, "hash " title, r)

/* What takes long comes last, as what there is no time for is left out. */
static const struct group groups[] = {
	{ HASH("1k x 8", all_rows), .entries = 1000, .value_size = 8,
	  .only = CORE },
	{ HASH("1k x 64", all_rows), .entries = 1000, .value_size = 64,
	  .only = CORE },
	{ HASH("1k x 1024", all_rows), .entries = 1000, .value_size = 1024,
	  .only = CORE },
	{ HASH("10k x 8", curve_rows), .entries = 10000, .value_size = 8,
	  .only = CURVE },
	{ HASH("100k x 8", batch_rows), .entries = 100000, .value_size = 8,
	  .only = CORE, .expected = true },
	{ HASH("100k x 64", all_rows), .entries = 100000, .value_size = 64,
	  .only = CORE },
	{ HASH("100k x 1024", all_rows), .entries = 100000, .value_size = 1024,
	  .only = CORE },
	{ HASH("1M x 8", curve_rows), .entries = 1000000, .value_size = 8,
	  .only = CURVE },
	{ GROUP(BPF_MAP_TYPE_LRU_HASH, "lru_hash 100k x 8", lru_rows),
	  .entries = 100000, .value_size = 8, .only = KERNEL },
	{ GROUP(BPF_MAP_TYPE_PERCPU_HASH, "percpu_hash 100k x 8", percpu_rows),
	  .entries = 100000, .value_size = 8, .only = KERNEL },
	{ TRIE("1k x 8"), .entries = 1000, .value_size = 8 },
	{ TRIE("100k x 8"), .entries = 100000, .value_size = 8 },
	{ TRIE("1M x 8"), .entries = 1000000, .value_size = 8 },
	{ .name = "hash 100M x 8",
	  .rows = create_rows,
	  .make = hash_make_none,
	  .free = hash_free,
	  .map_type = BPF_MAP_TYPE_HASH,
	  .entries = 100000000,
	  .value_size = 8 },
	{ HASH("10M x 8", all_rows), .entries = 10000000, .value_size = 8,
	  .only = CORE, .slice_ms = LARGE_MS },
	{ HASH("10M x 64", all_rows), .entries = 10000000, .value_size = 64,
	  .only = CORE, .slice_ms = LARGE_MS },
	{ HASH("10M x 1024", all_rows), .entries = 10000000, .value_size = 1024,
	  .only = CORE },
	{ 0 },
};

static const struct row *const lib_rows[] = { &fill_row,	&lookup_row,
					      &lookup_two_row,	&insert_row,
					      &insert_two_row,	&replace_row,
					      &replace_two_row, &delete_row,
					      &delete_two_row,	NULL };

static const struct group lib_groups[] = {
	{ GROUP(BPF_MAP_TYPE_HASH, "lib 1k x 8", lib_rows), .entries = 1000,
	  .value_size = 8, .only = LIB },
	{ GROUP(BPF_MAP_TYPE_HASH, "lib 100k x 8", lib_rows), .entries = 100000,
	  .value_size = 8, .only = LIB, .expected = true },
	{ 0 },
};

const struct part hash_part = { groups, 1.5, hash_print };
const struct part lib_part = { lib_groups, 0.5, lib_print };
