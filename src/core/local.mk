# SPDX-License-Identifier: BSD-2-Clause
noinst_LIBRARIES += libcore.a

libcore_a_SOURCES = \
	%D%/bitset.c %D%/bitset.h \
	%D%/charge.c %D%/charge.h \
	%D%/hash_check.c \
	%D%/hash_layout.c \
	%D%/hash_reclaim.c \
	%D%/hash_table.c %D%/hash_table.h \
	%D%/hash_walk.c \
	%D%/idr.c %D%/idr.h \
	%D%/limits.h \
	%D%/lpm_check.c \
	%D%/lpm_reclaim.c \
	%D%/lpm_trie.c %D%/lpm_trie.h \
	%D%/lpm_walk.c \
	%D%/map.c %D%/map.h \
	%D%/map_array.c \
	%D%/map_batch.c \
	%D%/map_bloom.c \
	%D%/map_freeze.c \
	%D%/map_hash.c \
	%D%/map_lpm.c \
	%D%/map_lru.c \
	%D%/map_of_maps.c \
	%D%/map_queue.c \
	%D%/map_ringbuf.c \
	%D%/map_types.def \
	%D%/pool.c %D%/pool.h \
	%D%/pool_nodes.c \
	%D%/queue.h \
	%D%/queue_check.c \
	%D%/queue_fifo.c \
	%D%/queue_lifo.c \
	%D%/region.c %D%/region.h \
	%D%/ring.c %D%/ring.h \
	%D%/shared.h \
	%D%/table.c %D%/table.h \
	%D%/topology.c %D%/topology.h \
	%D%/wait.c %D%/wait.h
