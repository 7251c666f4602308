/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HASH_METHODS_H
#define HASH_METHODS_H

#include "hash.h"

/* Any store: a call an element.  evict: an LRU's insert when it is full. */
extern const struct method hash_fill_method, hash_lookup_method;
extern const struct method hash_replace_method, hash_insert_method;
extern const struct method hash_delete_method, hash_evict_method;

/* mapfs alone: a per-CPU hash's update of one CPU's value, a creation. */
extern const struct method hash_own_cpu_method, hash_create_method;

/* A call many elements; that of a lookup gives those that come next. */
extern const struct method hash_lookup_batch_method, bpf_lookup_batch_method;
extern const struct method bpf_replace_batch_method, bpf_insert_batch_method;
extern const struct method bpf_delete_batch_method;

/* A request an element, many of them before the answers. */
extern const struct method redis_lookup_pipe_method, redis_replace_pipe_method;
extern const struct method redis_insert_pipe_method, redis_delete_pipe_method;

/* What they begin with; hash_open_move: where elements come and go. */
int hash_open_store(struct subject *s);
int hash_open_move(struct subject *s);

/* A word at random: read; read and written. */
extern const struct method memory_load_method, memory_store_method;

#endif
