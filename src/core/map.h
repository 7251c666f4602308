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

/*
 * Where maps have ids and names, for maps of maps: the mount, or the runner.
 * The functions are called from any thread; 'put' must not come back to the map
 * of maps.  Who does without texts leaves find and name out.
 *
 *	get	the map of that id for a slot, which holds it until 'put': 0,
 *		-EBADF there is none, -EACCES it may not be used by the one
 *		whom this thread serves
 *	find	the id of what a user calls a map: 0, -ENOENT
 *	name	what a user calls it: a text that 'find' takes, though it may
 *		be gone
 */
struct map_space {
	int (*get)(struct map_space *space, uint32_t id, struct map **map);
	void (*put)(struct map_space *space, struct map *map);
	int (*find)(struct map_space *space, const char *text, size_t len,
		    uint32_t *id);
	void (*name)(struct map_space *space, uint32_t id,
		     char text[MAP_TEXT_LEN]);
};

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
	/*
	 * Maps of maps: a map such as they are to hold, looked at during
	 * map_create alone, NULL for none; and where those that they hold are
	 * found, which must outlive the map.
	 */
	const struct map *inner_map;
	struct map_space *space;
};

/* The memory node that counts. */
static inline int32_t map_attr_node(const struct map_attr *attr)
{
	return attr->map_flags & BPF_F_NUMA_NODE ? attr->numa_node :
						   NUMA_NO_NODE;
}

/*
 * For map_alloc: a region of 'size' bytes, all zero, mapped for writing.
 * Errors are those of region_create and region_map.
 */
int map_make_region(const struct map_attr *attr, uint64_t size,
		    struct region *region);

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
	/*
	 * Region 0 is a table with a header and links, for processes that
	 * attach to it, and not a file of plain values.
	 */
	MAP_TABLE = 1 << 2,
	/*
	 * A key is a prefix: its length in bits, an uint32_t, and the data
	 * bytes, the most significant bit first.  A lookup finds the longest
	 * that contains the key.
	 */
	MAP_PREFIXES = 1 << 3,
	/*
	 * A value is another map: its id, an uint32_t, that is held while it
	 * is there.  As text it is the map's name.
	 */
	MAP_OF_MAPS = 1 << 4,
};

struct map_batch {
	const void *in_batch; /* token, NULL to start; see below */
	void *out_batch;      /* token to go on with */
	void *keys;	      /* count keys, packed */
	void *values;	      /* count values of map_value_bytes() */
	uint32_t count;	      /* in: room; out: elements done */
	uint64_t elem_flags;
	uint64_t flags; /* 0 */
};

/* What map_check found in a table; all of it private numbers. */
struct map_census {
	uint32_t elements; /* that a lookup finds */
	uint32_t free;	   /* elements that fit besides */
	uint32_t held;	   /* places in the hands of processes, or leaked */
	uint32_t spare;	   /* free nodes for replacements */
	uint32_t owners;   /* processes that may write, this one included */
	const char *wrong; /* the first broken invariant, NULL: none */
};

/*
 * A type's operations, under the kernel's names.  A NULL hook is answered in
 * map.c: EOPNOTSUPP unless its comment says otherwise.  Hooks run without
 * locks held, from any thread.
 */
struct map_ops {
	unsigned int flags; /* enum map_ops_flags */

	/*
	 * Creation and end.  map_alloc_check sees the user's attributes;
	 * map_alloc may round max_entries.
	 */
	int (*map_alloc_check)(const struct map_attr *attr,
			       struct map_refusal *refusal);
	int (*map_alloc)(struct map_attr *attr, struct map **map);
	void (*map_free)(struct map *map);
	uint64_t (*map_mem_usage)(const struct map *map);

	/*
	 * The file's and the system call's view: a value is
	 * map_value_bytes(), every CPU's slot for a per-CPU map.  NULL:
	 * map_lookup_elem serves.
	 */
	int (*map_lookup_elem_sys_only)(struct map *map, const void *key,
					void *value);
	/* The same, and the element counts as used.  NULL: nothing counts. */
	int (*map_lookup_elem_mark)(struct map *map, const void *key,
				    void *value);
	/*
	 * Prefixes: the same, and which key it was that has been found.  NULL
	 * but for MAP_PREFIXES.
	 */
	int (*map_lookup_match)(struct map *map, const void *key, void *match,
				void *value);
	int (*map_update_elem)(struct map *map, const void *key,
			       const void *value, uint64_t flags);
	int (*map_delete_elem)(struct map *map, const void *key);
	int (*map_get_next_key)(struct map *map, const void *key,
				void *next_key);
	int (*map_lookup_and_delete_elem)(struct map *map, const void *key,
					  void *value);
	int (*map_lookup_batch)(struct map *map, struct map_batch *batch);
	int (*map_lookup_and_delete_batch)(struct map *map,
					   struct map_batch *batch);
	int (*map_update_batch)(struct map *map, struct map_batch *batch);
	int (*map_delete_batch)(struct map *map, struct map_batch *batch);

	/* Elements in the map now.  NULL: max_entries. */
	uint64_t (*map_used)(struct map *map);

	/*
	 * Maps of maps: what a value is to the map that holds it.  An id into
	 * a map that is held, or a negative errno; that map let go; and back.
	 * NULL elsewhere.
	 */
	int (*map_fd_get_ptr)(struct map *map, uint32_t id, struct map **inner);
	void (*map_fd_put_ptr)(struct map *map, struct map *inner);
	uint32_t (*map_fd_sys_lookup_elem)(const struct map *inner);
	/*
	 * Can 'map', of this type, be where 'meta' says what is wanted?  NULL:
	 * map_meta_equal says.
	 */
	bool (*map_meta_equal)(const struct map *meta, const struct map *map);
	/* Bytes of memory in use now.  NULL: those of all regions. */
	uint64_t (*map_resident)(struct map *map);

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

	/* Queues, stacks and bloom filters: no keys. */
	int (*map_push_elem)(struct map *map, const void *value,
			     uint64_t flags);
	int (*map_pop_elem)(struct map *map, void *value);
	int (*map_peek_elem)(struct map *map, void *value);

	/*
	 * Types whose elements are waited for, see map_wait: a number that
	 * changes with each addition, and the word of wait.h in the region,
	 * which must be mapped.
	 */
	uint64_t (*map_additions)(struct map *map);
	uint32_t *(*map_wait_word)(struct map *map);

	/*
	 * Ring buffers: see map_reserve and so on.  map_query is of
	 * BPF_RB_AVAIL_DATA and its like.
	 */
	int (*map_reserve)(struct map *map, uint64_t len, void **data);
	int (*map_finish)(struct map *map, void *data, bool discard);
	ssize_t (*map_consume)(struct map *map, void *buf, size_t size);
	int (*map_pending)(struct map *map);
	uint64_t (*map_query)(struct map *map, uint32_t what);

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
	 * Tables.  map_attach: the map in a region that another process made
	 * and that is mapped here, whose header 'header' is a private copy;
	 * on success the region is the map's, and 'attr' what it was made of.
	 * The rest: see map_owner_get and map_check.
	 */
	int (*map_attach)(const struct region_header *header,
			  const struct region *region, struct map_attr *attr,
			  struct map **map);
	/* See map_attach_data. */
	int (*map_attach_data)(struct map *map, int fd);
	/*
	 * Arrays: the map in regions 0 to n - 1, which are mapped here or are
	 * not; on success they are the map's.
	 */
	int (*map_adopt)(const struct map_attr *attr,
			 const struct region *regions, uint32_t n,
			 struct map **map);
	int (*map_owner_get)(struct map *map, uint32_t *owner);
	void (*map_owner_set)(struct map *map, uint32_t owner);
	void (*map_owner_end)(struct map *map, uint32_t owner, bool clean);
	int (*map_check)(struct map *map, struct map_census *census);

	/*
	 * Shared memory.  map_region: the memory object behind data file n
	 * (0 the elements of an array or a table, n the slots of CPU n, 1 what
	 * a ring buffer's consumers map), NULL past the last.  map_mmap maps
	 * all of them into this process.  The others need that mapping: EINVAL
	 * without it.
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
	uint32_t id; /* 0 until map_set_id */
	uint64_t map_extra;
	int32_t numa_node;
	bool unpriv_array;
	char name[MAP_NAME_LEN];
	/*
	 * Maps of maps, NULL elsewhere: sizes, flags and id of the map that
	 * was given as an example.  It is not a map and holds none.
	 */
	const struct map *inner_map_meta;
	struct map_space *space;
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
	/* The owner's number that map_attach took, in this process; or 0. */
	uint32_t joined;
	int joined_pid;
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

/*
 * The part of 'map' that is alike in every map, with one reference, for who has
 * operations of his own.
 */
void map_init(struct map *map, const struct map_attr *attr,
	      const struct map_ops *ops);

/* The checks of the attributes alone, for who has another make the map. */
int map_create_check(const struct map_attr *attr, struct map_refusal *refusal);

/* Give the map its id; for who attaches to its table as well. */
void map_set_id(struct map *map, uint32_t id);

/*
 * The map whose table is the memory object 'fd' (of which the map gets a
 * descriptor of its own), made by map_create in another process.  'prot' is
 * PROT_READ, and every operation that writes is EPERM, or PROT_READ |
 * PROT_WRITE.  A map so attached has no name and no charge; its id is that
 * of the one who made it.  Nothing in the object is trusted.
 *
 * -EUCLEAN: no table of ours; -EPROTO: of another version, build or machine;
 * -EOPNOTSUPP: of a type that has no table; -EUSERS: see map_owner_get; and
 * what dup(2), fstat(2) and mmap(2) give.
 */
int map_attach(int fd, int prot, struct map **map);

/*
 * A ring buffer's data is a memory object of its own, region 1: give it to one
 * who has attached.  Before that its operations are -EINVAL.
 *
 * -EOPNOTSUPP: of another type; -EUCLEAN: of another size; -EINVAL: it has it
 * already; and what dup(2), fstat(2) and mmap(2) give.
 */
int map_attach_data(struct map *map, int fd);

/*
 * The array or per-CPU array of these attributes whose data files are open as
 * fd[0] to fd[n - 1]: an array's elements, or the slots of each CPU.  They are
 * mapped with 'prot'; with PROT_NONE they are read and written through the
 * descriptors, of which the map gets some of its own.  Without PROT_WRITE, and
 * 'writable' false, every operation that writes is EPERM.
 *
 * -EOPNOTSUPP: of a type that has no such files; -EINVAL: not as many;
 * -EUCLEAN: of another size; and what dup(2), fstat(2) and mmap(2) give, as
 * -ENODEV for a file that cannot be mapped.
 */
int map_adopt(const struct map_attr *attr, const int *fd, uint32_t n, int prot,
	      bool writable, struct map **map);

/*
 * Owners: who has nodes of a table in hand.  Each process that writes a table
 * has a number there; the one who made the map has one, and map_attach for
 * writing takes one.  What a process had in hand when it was killed is taken
 * back, by whoever needs it, once its number has been ended by map_owner_end
 * with 'clean' false; 'clean' true says that it had nothing in hand.
 *
 * map_owner_get takes a number for another process: -EUSERS when there are
 * TABLE_OWNERS, -EOPNOTSUPP where there is no table.  map_owner_set says which
 * one this process works as from now on, in a child after fork say: no other
 * thread uses the map meanwhile.
 */
int map_owner_get(struct map *map, uint32_t *owner);
void map_owner_set(struct map *map, uint32_t owner);
void map_owner_end(struct map *map, uint32_t owner, bool clean);

/*
 * Walk the whole table and check every invariant, for tests and for who
 * doubts: nobody may write meanwhile.  What the dead had in hand is taken back
 * first; one who attached for reading cannot, and may be told -EUCLEAN for it.
 * 0, with *census filled in; -EUCLEAN, and census->wrong says what; -EOPNOTSUPP
 * where there is no table.
 */
int map_check(struct map *map, struct map_census *census);

/* Is 'name' (at most MAP_NAME_LEN bytes) a name bpf(2) takes?  0, -EINVAL. */
int map_name_check(const char *name);

/*
 * References.  map_put of the last one gives the charge back at once and
 * frees the memory in the background, as the kernel does: a map can be large.
 */
void map_get(struct map *map);
void map_put(struct map *map);
/* The same in this thread: the memory is not mapped any more on return. */
void map_put_now(struct map *map);
/* Wait until every map put so far is freed. */
void map_free_wait(void);

/* Bytes of a value in the file's view, a slot of it, and its CPUs (or 1). */
uint64_t map_value_bytes(const struct map *map);
uint32_t map_slot_bytes(const struct map *map);
uint32_t map_value_slots(const struct map *map);

/* Elements in the map now; while others write, at about this moment. */
uint64_t map_used_entries(struct map *map);
/* Bytes of memory that its elements occupy now. */
uint64_t map_resident_bytes(struct map *map);

/*
 * Do type, sizes and flags agree, BPF_F_RDONLY and BPF_F_WRONLY left out?  For
 * the hook of that name.
 */
bool map_meta_equal(const struct map *meta, const struct map *map);

/*
 * Element operations, the file's view.  'key' is key_size bytes, 'value'
 * map_value_bytes().  A failing call leaves its output untouched, but see
 *below.
 *
 *	lookup		ENOENT; sys_only with a NULL value only looks whether
 *			the key is there
 *	update		EPERM frozen; EINVAL unknown flags, BPF_F_LOCK;
 *			E2BIG no room, and ENOSPC of prefixes; EEXIST, ENOENT
 *			by BPF_NOEXIST, BPF_EXIST; EINVAL a prefix longer than
 *			its data
 *	delete		EPERM frozen; ENOENT; EINVAL where no key can go
 *	get_next_key	ENOENT after the last; a NULL key gives the first, and
 *			so does one that is not there
 *	lookup_and_delete
 *			ENOENT; EPERM frozen
 *
 * A value of more than 4096 bytes may have been stored in part when the key
 * turns out to be deleted meanwhile.
 *
 * Of tables also: ENOMEM when all nodes are in the hands of others (stopped
 * processes, say); EUCLEAN when somebody has spoilt the table.
 */
int map_lookup_elem_sys_only(struct map *map, const void *key, void *value);
/* The same, and marks an LRU's element as used, if the map may be written. */
int map_lookup_elem_mark(struct map *map, const void *key, void *value);
/*
 * Where keys are prefixes, and -EOPNOTSUPP elsewhere: the same, and the key
 * that was found into 'match', key_size bytes.
 */
int map_lookup_match(struct map *map, const void *key, void *match,
		     void *value);
/*
 * As sys_only, but ENOENT where the key itself is not there, though a prefix
 * that contains it is.  A failing call may have written to 'value'.
 */
int map_lookup_exact(struct map *map, const void *key, void *value);
int map_update_elem(struct map *map, const void *key, const void *value,
		    uint64_t flags);
int map_delete_elem(struct map *map, const void *key);
int map_get_next_key(struct map *map, const void *key, void *next_key);
int map_lookup_and_delete_elem(struct map *map, const void *key, void *value);

/*
 * The program's view: one slot of value_size bytes.  ENOENT: no such CPU.
 * A lookup marks an LRU's element as used.  An update that makes an element
 * leaves the other CPUs' slots zero.
 */
int map_lookup_elem(struct map *map, const void *key, void *value);
int map_lookup_percpu_elem(struct map *map, const void *key, void *value,
			   uint32_t cpu);
int map_update_percpu_elem(struct map *map, const void *key, const void *value,
			   uint32_t cpu, uint64_t flags);

/*
 * Maps without keys.  push: E2BIG full, EINVAL flags; pop and peek: ENOENT
 * empty.
 */
int map_push_elem(struct map *map, const void *value, uint64_t flags);
int map_pop_elem(struct map *map, void *value);
int map_peek_elem(struct map *map, void *value);

/*
 * Wait for additions.  map_additions is a number that changes with each, 0
 * where nobody can wait.  map_wait sleeps until it is not 'seen' any more, but
 * no longer than WAIT_STEP: nobody who wakes others is relied on, so who waits
 * looks again and again.
 *
 * 0: to be looked again; -ETIMEDOUT: 'deadline' (of wait_now) is past; -EINTR;
 * -EPERM: nothing will be added, as the map is frozen, or is mapped for reading
 * alone; -EOPNOTSUPP.  map_wait_kick lets all who wait look again.
 */
uint64_t map_additions(struct map *map);
int map_wait(struct map *map, uint64_t seen, uint64_t deadline);
void map_wait_kick(struct map *map);

/*
 * Ring buffers.  reserve gives room for a record of 'len' bytes, of which
 * 'data' is the address; nobody else writes there until finish commits the
 * record, or discards it, after which no consumer sees it.  Both are the same
 * process's.  output does all three.  consume takes the oldest record of which
 * all before are finished, and is the number of its bytes; of several who try,
 * one gets it.  pending: is there one, or one that was discarded and takes room
 * until consume passes over it?  1 or 0.
 *
 *	reserve		E2BIG: no record can be that large; EAGAIN: no room
 *	finish		EINVAL: 'data' is no record that the process reserved
 *	consume		EAGAIN: there is none; EMSGSIZE: it has more than 'size'
 *			bytes, and stays.  'buf' is undefined on failure
 *
 * All but pending: EPERM frozen.  EUCLEAN: somebody has spoilt the ring.
 * query gives numbers, see bpf_ringbuf_query: 0 for what it does not know.
 */
int map_reserve(struct map *map, uint64_t len, void **data);
int map_finish(struct map *map, void *data, bool discard);
int map_output(struct map *map, const void *bytes, uint64_t len);
ssize_t map_consume(struct map *map, void *buf, size_t size);
int map_pending(struct map *map);
uint64_t map_query(struct map *map, uint32_t what);

/*
 * Batches.  batch->count is set to the elements done, also on failure; it is
 * untouched when the call is refused outright (EPERM, EOPNOTSUPP, EINVAL for
 * elem_flags).  lookup: 0 when count is filled, ENOENT with a smaller count
 * at the end of the map.  EFAULT: a NULL pointer where there is something to
 * be stored or read.
 *
 * A token is the last key visited, of key_size bytes; that of a hash is the
 * number of a bucket, an uint32_t.  A hash gives whole buckets: a lookup may
 * end before count is filled, with 0, and is ENOSPC with count 0 where count
 * is less than what one bucket holds; flags other than 0 are EINVAL.  delete:
 * ENOENT at the first key that is not there.
 */
int map_lookup_batch(struct map *map, struct map_batch *batch);
int map_lookup_and_delete_batch(struct map *map, struct map_batch *batch);
int map_update_batch(struct map *map, struct map_batch *batch);
int map_delete_batch(struct map *map, struct map_batch *batch);
/* For the ops of types whose keys can be walked by map_get_next_key. */
int generic_map_lookup_batch(struct map *map, struct map_batch *batch);
int generic_map_update_batch(struct map *map, struct map_batch *batch);
int generic_map_delete_batch(struct map *map, struct map_batch *batch);

/*
 * A position in a hash is the number of a bucket, as in the token of a batch,
 * above these bits; they are 0 where a bucket starts.
 */
#define MAP_POS_BUCKET 35

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
 * Maps of maps.  A value is the id of a map; an update also gives
 *
 *	EBADF		there is no map of that id
 *	EACCES		it may not be used: see struct map_space
 *	EINVAL		it is not like the one that the map was made with
 *
 * before it looks at the key, but for an array's.  A slot holds its map until
 * it is deleted or replaced, or this map ends.
 *
 * map_inner_find and _name: what users call a map, and its id; as struct
 * map_space has it.
 */
int map_inner_find(const struct map *map, const char *text, size_t len,
		   uint32_t *id);
void map_inner_name(const struct map *map, uint32_t id,
		    char text[MAP_TEXT_LEN]);

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
/*
 * The same where no file of a mount stands for the memory: that it is open for
 * writing does no harm, only a mapping for writing is EBUSY.
 */
int map_freeze_mapped(struct map *map);
bool map_frozen(struct map *map);

/* Frozen from the first, for who attached for reading: nothing is sealed. */
void map_never_written(struct map *map);

#endif
