/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps: the generic struct, the table of operations that each type fills in,
 * and the calls by which every front end works on a map.
 *
 * Names, numbers and errnos are those of bpf(2) and <linux/bpf.h>, with one
 * exception: where the kernel answers its private errno 524 ("ENOTSUPP"), it
 * is EOPNOTSUPP here.  Functions return 0 or a count, or a negative errno;
 * objects come back through the last argument, written only on success.
 *
 * A map is thread-safe, but for map_mmap, which must not run beside other
 * operations.  Values larger than 8 bytes can be read half old and
 * half new while they are written, as in the kernel.
 */
#ifndef CORE_MAP_H
#define CORE_MAP_H

#include <linux/bpf.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/charge.h"
#include "core/limits.h"
#include "core/region.h"

struct mapfs_array;
struct map;

/* The attributes of BPF_MAP_CREATE that have a meaning here. */
struct map_attr {
	uint32_t map_type;   /* BPF_MAP_TYPE_* */
	uint32_t key_size;   /* bytes */
	uint32_t value_size; /* bytes */
	uint32_t max_entries;
	uint32_t map_flags; /* BPF_F_* */
	int32_t numa_node;  /* counts only with BPF_F_NUMA_NODE */
	uint64_t map_extra;
	char map_name[MAP_NAME_LEN];
	/* Not from the user: whether the one who asks lacks the kernel's
	 * CAP_PERFMON, and so gets index masking. */
	bool unpriv;
};

/*
 * Why a map was refused: the spec's word at fault ("key", "flags", ...) and
 * a sentence without a full stop.  Static strings.
 */
struct map_refusal {
	const char *word;
	const char *why;
};

/* Record a refusal, if 'refusal' is not NULL, and return 'err'. */
int map_refuse(struct map_refusal *refusal, int err, const char *word,
	       const char *why);

/* What generic code must know of a type and no hook can tell it. */
enum map_ops_flags {
	/* Every key exists from the start and none can go: an array. */
	MAP_FIXED_KEYS = 1 << 0,
	/* A value is one slot a possible CPU, each rounded up to 8 bytes. */
	MAP_PERCPU = 1 << 1,
};

struct map_batch {
	const void *in_batch; /* token, NULL to start; key_size bytes */
	void *out_batch;      /* token to go on with */
	void *keys;	      /* count keys, packed */
	void *values;	      /* count values of map_value_bytes() */
	uint32_t count;	      /* in: room; out: elements done */
	uint64_t elem_flags;
};

/*
 * A type's operations, under the kernel's names.  A NULL hook is answered in
 * map.c: EOPNOTSUPP unless its comment says otherwise.  Hooks run without
 * locks held, from any thread.
 */
struct map_ops {
	unsigned int flags; /* enum map_ops_flags */

	/* Creation and end.  map_alloc_check sees the user's attributes. */
	int (*map_alloc_check)(const struct map_attr *attr,
			       struct map_refusal *refusal);
	int (*map_alloc)(const struct map_attr *attr, struct map **map);
	void (*map_free)(struct map *map);
	uint64_t (*map_mem_usage)(const struct map *map);

	/*
	 * The file's and the system call's view: a value is
	 * map_value_bytes(), every CPU's slot for a per-CPU map.  NULL:
	 * map_lookup_elem serves.
	 */
	int (*map_lookup_elem_sys_only)(struct map *map, const void *key,
					void *value);
	int (*map_update_elem)(struct map *map, const void *key,
			       const void *value, uint64_t flags);
	int (*map_delete_elem)(struct map *map, const void *key);
	int (*map_get_next_key)(struct map *map, const void *key,
				void *next_key);
	int (*map_lookup_batch)(struct map *map, struct map_batch *batch);
	int (*map_update_batch)(struct map *map, struct map_batch *batch);

	/*
	 * The program's view: a value is value_size bytes, the calling CPU's
	 * slot for a per-CPU map, or that of the CPU named.
	 */
	int (*map_lookup_elem)(struct map *map, const void *key, void *value);
	int (*map_lookup_percpu_elem)(struct map *map, const void *key,
				      void *value, uint32_t cpu);
	int (*map_update_percpu_elem)(struct map *map, const void *key,
				      const void *value, uint32_t cpu,
				      uint64_t flags);

	/*
	 * Listing by position: up to 'count' elements from *pos on into
	 * 'keys' and, unless NULL, 'values'; *pos moves behind them.  The
	 * number of elements, 0 at the end.  A position stays meaningful
	 * whatever is inserted and deleted meanwhile, so a listing ends.
	 */
	int (*map_seq_show_elem)(struct map *map, uint64_t *pos, void *keys,
				 void *values, uint32_t count);

	/*
	 * The elements file, for types whose records have an address: bytes
	 * moved, fewer at the end of the file.  Any offset and length.
	 */
	ssize_t (*map_read)(struct map *map, void *buf, size_t size,
			    uint64_t off);
	ssize_t (*map_write)(struct map *map, const void *buf, size_t size,
			     uint64_t off);
	uint64_t (*map_record_size)(const struct map *map); /* bytes */

	/* Every element to its first state: gone, or zero.  Not in bpf(2). */
	int (*map_clear)(struct map *map);

	/*
	 * Shared memory.  map_region: the memory object behind data file n
	 * (0 the elements of an array, n the slots of CPU n), NULL past the
	 * last.  map_mmap maps all of them into this process.  The others
	 * need that mapping: EINVAL without it.
	 */
	struct region *(*map_region)(struct map *map, uint32_t n);
	int (*map_mmap)(struct map *map, int prot);
	int (*map_gen_lookup)(struct map *map, uint32_t n,
			      struct mapfs_array *array);
	int (*map_direct_value_addr)(struct map *map, uint64_t *addr,
				     uint32_t index, uint32_t off);
	int (*map_direct_value_meta)(struct map *map, uint64_t addr,
				     uint32_t *index, uint32_t *off);
};

/*
 * The part of every map that is alike; the first member of each type's own
 * struct.  Fields without a comment are fixed at creation.
 */
struct map {
	const struct map_ops *ops;
	uint32_t map_type;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t map_flags;
	uint32_t id; /* 0 until the owner publishes it */
	uint64_t map_extra;
	int32_t numa_node;
	bool unpriv_array;
	char name[MAP_NAME_LEN];
	struct charge charge;
	atomic_uint refcnt;
	/*
	 * Who may still write: a count of writes under way and of files open
	 * for writing, and two bits on top.  One word, so that nobody is told
	 * EPERM by a freeze that then fails.  See map_write_get.
	 */
	_Atomic uint64_t writecnt;
	pthread_mutex_t freeze_mutex; /* held while freezing */
	struct map *free_next;	      /* deferred free's list */
};

/*
 * The registry.  NULL for a type that is not built in; numbers are below
 * map_type_end().
 */
uint32_t map_type_end(void);
const struct map_ops *map_type_ops(uint32_t map_type);
const char *map_type_name(uint32_t map_type);
/* The number of the type called 'name', 0 (unspecified) if there is none. */
uint32_t map_type_by_name(const char *name);

/*
 * Make a map and charge it.  Checks and errnos are BPF_MAP_CREATE's, in its
 * order: EINVAL, E2BIG, EOPNOTSUPP for attributes, ENOMEM for what the
 * machine cannot hold, EMFILE when descriptors run out, EPERM beyond a limit
 * of charge->domain.  charge->bytes is set to what the map costs once its
 * size is known to be possible, else to 0.  'refusal' (may be NULL) tells of
 * attributes why they were refused.  The caller gets one reference.
 */
int map_create(const struct map_attr *attr, struct charge *charge,
	       struct map_refusal *refusal, struct map **map);

/* Is 'name' (at most MAP_NAME_LEN bytes) a name bpf(2) takes?  0, -EINVAL. */
int map_name_check(const char *name);

/*
 * References.  map_put of the last one gives the charge back at once and
 * frees the memory in the background, as the kernel does: a map can be large.
 */
void map_get(struct map *map);
void map_put(struct map *map);
/* Wait until every map put so far is freed. */
void map_free_wait(void);

/* Bytes of a value in the file's view, a slot of it, and its CPUs (or 1). */
uint64_t map_value_bytes(const struct map *map);
uint32_t map_slot_bytes(const struct map *map);
uint32_t map_value_slots(const struct map *map);

/* Elements in the map now. */
uint64_t map_used_entries(struct map *map);

/*
 * Element operations, the file's view.  'key' is key_size bytes, 'value'
 * map_value_bytes().  A failing call leaves its output untouched.
 *
 *	lookup		ENOENT
 *	update		EPERM frozen; EINVAL unknown flags, BPF_F_LOCK;
 *			E2BIG no room; EEXIST, ENOENT by BPF_NOEXIST, BPF_EXIST
 *	delete		EPERM frozen; ENOENT; EINVAL where no key can go
 *	get_next_key	ENOENT after the last; a NULL key gives the first
 */
int map_lookup_elem_sys_only(struct map *map, const void *key, void *value);
int map_update_elem(struct map *map, const void *key, const void *value,
		    uint64_t flags);
int map_delete_elem(struct map *map, const void *key);
int map_get_next_key(struct map *map, const void *key, void *next_key);

/* The program's view: one slot of value_size bytes.  ENOENT: no such CPU. */
int map_lookup_elem(struct map *map, const void *key, void *value);
int map_lookup_percpu_elem(struct map *map, const void *key, void *value,
			   uint32_t cpu);
int map_update_percpu_elem(struct map *map, const void *key, const void *value,
			   uint32_t cpu, uint64_t flags);

/*
 * Batches.  batch->count is set to the elements done, also on failure; it is
 * untouched when the call is refused outright (EPERM, EOPNOTSUPP, EINVAL for
 * elem_flags).  lookup: 0 when count is filled, ENOENT with a smaller count
 * at the end of the map.  EFAULT: a NULL pointer where there is something to
 * be stored or read.
 */
int map_lookup_batch(struct map *map, struct map_batch *batch);
int map_update_batch(struct map *map, struct map_batch *batch);
/* For the ops of types whose keys can be walked by map_get_next_key. */
int generic_map_lookup_batch(struct map *map, struct map_batch *batch);
int generic_map_update_batch(struct map *map, struct map_batch *batch);

/* The ops' hooks of the same name, with EOPNOTSUPP (and EPERM when frozen). */
int map_seq_show_elem(struct map *map, uint64_t *pos, void *keys, void *values,
		      uint32_t count);
ssize_t map_read(struct map *map, void *buf, size_t size, uint64_t off);
ssize_t map_write(struct map *map, const void *buf, size_t size, uint64_t off);
int map_clear(struct map *map);
int map_mmap(struct map *map, int prot);
struct region *map_region(struct map *map, uint32_t n);
int map_gen_lookup(struct map *map, uint32_t n, struct mapfs_array *array);
/*
 * Address of byte 'off' of element 'index', and back.  EINVAL when the map is
 * not mapped or 'off' is beyond the value; ENOENT for an index or an address
 * outside.
 */
int map_direct_value_addr(struct map *map, uint64_t *addr, uint32_t index,
			  uint32_t off);
int map_direct_value_meta(struct map *map, uint64_t addr, uint32_t *index,
			  uint32_t *off);

/*
 * Take and drop the right to write.  Held over a write, and for as long as a
 * file that writes without us is open.  EPERM once the map is frozen.  Waits
 * for a freeze that is being tried.
 */
int map_write_get(struct map *map);
void map_write_put(struct map *map);

/*
 * Make the map read-only for ever.  EPERM if it is; EBUSY, and nothing has
 * changed, while anyone holds the right to write or has the map's memory open
 * or mapped for writing.
 */
int map_freeze(struct map *map);
bool map_frozen(struct map *map);

#endif
