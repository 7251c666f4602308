/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapfs/mapfs.h - the maps of a mounted mapfs, at the speed of memory
 *
 * A map is opened by the path of its directory, and what is done with it then
 * is done in shared memory: the daemon takes no part.
 *
 *	struct mapfs_map *map = mapfs_open("/mnt/maps/hits", O_RDWR);
 *	uint32_t key = 5;
 *	uint64_t value;
 *
 *	if (!map || mapfs_lookup(map, &key, &value) < 0)
 *		...
 *	value++;
 *	mapfs_update(map, &key, &value, MAPFS_ANY);
 *	mapfs_close(map);
 *
 * Link with -lmapfs (pkg-config libmapfs).  C and C++.
 *
 * Results.  Functions that return int return 0 (or what they say) or a
 * negative errno, and set errno to it as well.  They are bpf(2)'s errnos, with
 * EOPNOTSUPP for the kernel's private 524.  What a call gives back is stored
 * only if it succeeds, unless said otherwise.  These can come from any call
 * that works on elements, and are not repeated below:
 *
 *	EOPNOTSUPP	the type of map does not have that
 *	EPERM		writing: the map is open for reading, or frozen
 *	EUCLEAN		a process that may write the map has spoilt it
 *	ENOMEM		no memory; or all nodes of a table are in the hands of
 *			other processes, which are stopped perhaps
 *	EIO, ENOTCONN	only where mapfs_info says MAPFS_IO_FILES: the daemon
 *			is gone
 *	ECONNABORTED	only there: it went during the call, which may have
 *			been done
 *	EFBIG		only there: a table's key and value, as the call has
 *			them, are more than 16351 bytes
 *
 * Keys are key_size bytes, values value_bytes bytes: of a per-CPU map, a slot
 * of value_size rounded up to 8 for each possible CPU.  See mapfs_info.  None
 * needs to be aligned, and memory of the caller is used during a call only.
 *
 * Threads.  Any number may use one map at the same time, but for mapfs_close
 * and mapfs_freeze, beside which no other call on that map may run.  No call
 * on elements takes a lock or waits for another process, except where the map
 * is reached by files, in mapfs_ring_poll, and for 50 milliseconds when all
 * nodes of a table are in the hands of others.  Calls on an lpm_trie take up to
 * 100 KiB of stack.
 *
 * Processes.  Other processes may use the map at the same time, through this
 * library, the mount, or a mapping, and see changes at once.  A process that
 * is killed or stopped at any moment leaves the map whole and hinders nobody.
 * A whole value of a table, which is a map of any type but the arrays, is never
 * seen half written; one of an array can be if it has more than 8 bytes, as in
 * the kernel.
 *
 * fork(2).  A child may go on with the maps of its parent; the first change it
 * makes opens a file of the map's directory, and so has the errnos of open(2),
 * too.  Until then the parent counts as alive, should it be killed.  A map does
 * not survive execve(2).
 *
 * Signals.  mapfs_lookup and mapfs_lookup_cpu of arrays in memory, and what
 * <mapfs/array.h> has, are async-signal-safe, nothing else is.
 *
 * Lifetime.  A map that is removed (rmdir) while it is open goes on for those
 * who have it open; one made anew with its name is another map.  A freeze
 * fails while anybody has the map open for writing; by files, only if it is an
 * array or a ring: other writers get EPERM from then on.  When the daemon is
 * killed, open maps go on, but for those reached by files; what processes had
 * in hand that are killed after that is not taken back.  With io=cached, a
 * page of an array that nobody has used yet is lost then: SIGBUS.
 */
#ifndef MAPFS_MAPFS_H
#define MAPFS_MAPFS_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mapfs/array.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* The version of this header, and of the library in use: 0xMMmmpp. */
#define MAPFS_VERSION_MAJOR 0
#define MAPFS_VERSION_MINOR 1
#define MAPFS_VERSION_PATCH 0
#define MAPFS_VERSION                                           \
	(MAPFS_VERSION_MAJOR << 16 | MAPFS_VERSION_MINOR << 8 | \
	 MAPFS_VERSION_PATCH)
uint32_t mapfs_version(void);

/* A map that is open in this process. */
struct mapfs_map;

/* Flags of mapfs_update, with the values of BPF_ANY and so on. */
#define MAPFS_ANY     0u /* make the element or replace it */
#define MAPFS_NOEXIST 1u /* make it */
#define MAPFS_EXIST   2u /* replace it */

/* The CPU that the calling thread is on. */
#define MAPFS_THIS_CPU 0xffffffffu

/* ---------------------------------------------------------------- maps */

/*
 * Open a map.  'path' is that of its directory; 'oflags' are O_RDONLY, or
 * O_RDWR, for which the map's mode must allow both.  The caller closes it.
 *
 * NULL, and errno:
 *	EINVAL		other oflags
 *	ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP, EACCES
 *			as open(2) says of the path and of the files in it
 *	ENOTTY		it is no directory of a map
 *	ENODATA		the map is not configured yet
 *	EPERM		O_RDWR, and the map is frozen
 *	EUSERS		O_RDWR: about a thousand have it open so already
 *	EPROTO		the map is of another version of mapfs
 *	EUCLEAN, ENOMEM, EMFILE, ENFILE
 */
struct mapfs_map *mapfs_open(const char *path, int oflags);

/* Close a map; NULL is allowed.  Pointers into it are void then. */
void mapfs_close(struct mapfs_map *map);

/*
 * Make a map: 'spec' is a line as the file create takes it, NAME first, and
 * 'mnt' the path of the mount ("/mnt/maps", "hits type array key 4 ...").
 *
 * Errors are those of the file create, see mapfs(5): EINVAL, ERANGE, E2BIG,
 * ENOMEM, EEXIST, EPERM, EMFILE, ENOSPC, EFBIG; and those of open(2).
 */
int mapfs_create(const char *mnt, const char *spec);

/* Remove the map of that path: rmdir(2), and its errors. */
int mapfs_destroy(const char *path);

/* How elements are reached. */
#define MAPFS_IO_MEMORY 1u /* in shared memory, by this process itself */
#define MAPFS_IO_FILES	2u /* by the daemon, through files: slower */

/* What a map is.  Later versions may add fields at the end. */
struct mapfs_info {
	size_t sz;	   /* in: sizeof(struct mapfs_info) */
	uint32_t map_type; /* BPF_MAP_TYPE_*, as in <linux/bpf.h> */
	uint32_t id;
	uint32_t key_size;    /* bytes */
	uint32_t value_size;  /* bytes, of one CPU's value in a per-CPU map */
	uint64_t value_bytes; /* of a whole value: see above */
	uint32_t max_entries; /* elements there can be */
	uint32_t map_flags;   /* BPF_F_* */
	uint64_t entries;     /* elements there are, at about this moment */
	uint32_t cpus;	      /* slots of a value: 1 or the possible CPUs */
	uint32_t io;	      /* MAPFS_IO_* */
	bool frozen;
	char name[16]; /* as it was when the map was opened */
};

/*
 * Fill in *info, of which no more than info->sz bytes are written.  Takes time
 * in proportion to the map after processes were killed.  EINVAL: info->sz is
 * not that of any version.
 */
int mapfs_info(struct mapfs_map *map, struct mapfs_info *info);

/*
 * Make the map read-only for ever, for everybody.  On success this map is open
 * for reading and goes on working.  EPERM: it is frozen already, or may not be
 * written; EBUSY, and nothing has changed: others have it open or mapped for
 * writing; ENOTCONN and others of open(2), and nothing has changed: a file of
 * the map cannot be opened.  After a failure a map that has been removed can be
 * open for reading alone.
 */
int mapfs_freeze(struct mapfs_map *map);

/* ---------------------------------------------------------------- elements */

/*
 * Copy the value of 'key' to 'value'.  Marks an element of an LRU as used if
 * the map is open for writing.  ENOENT: no such element.
 *
 * A key of an lpm_trie is a prefix: its length in bits, an uint32_t, and the
 * data bytes, the most significant bit of the first one first.  The value is
 * that of the longest prefix that contains the key and is no longer; ENOENT:
 * none does.
 *
 * Of a hash's value of more than 4096 bytes a part may have been stored when
 * it is ENOENT, if the element is deleted at that very moment.
 */
int mapfs_lookup(struct mapfs_map *map, const void *key, void *value);

/*
 * Set the value of 'key', by one of the flags above.  An LRU that is full
 * evicts its oldest element that is not marked.
 *
 *	EEXIST		MAPFS_NOEXIST, and the key is there
 *	ENOENT		MAPFS_EXIST, and it is not
 *	E2BIG		no room; in an array: no such index
 *	ENOSPC		no room in an lpm_trie
 *	EINVAL		other flags; a prefix longer than its data
 */
int mapfs_update(struct mapfs_map *map, const void *key, const void *value,
		 uint64_t flags);

/*
 * Remove an element, of an lpm_trie the very prefix.  ENOENT.  EINVAL: none can
 * be removed from an array; a prefix longer than its data.
 */
int mapfs_delete(struct mapfs_map *map, const void *key);

/*
 * Remove an element and copy its value: of several who try, one gets it.
 * ENOENT, and what is said of large values at mapfs_lookup.
 */
int mapfs_lookup_and_delete(struct mapfs_map *map, const void *key,
			    void *value);

/*
 * The key after 'key' in the map's own order, or the first with NULL; 'key'
 * and 'next_key' may be the same.  ENOENT after the last.  In an lpm_trie a
 * prefix comes behind those that it contains.  As in bpf(2), a key
 * that is not there (any more) gives the first one again, so a loop may never
 * end while others delete: mapfs_iter always does.
 */
int mapfs_next_key(struct mapfs_map *map, const void *key, void *next_key);

/*
 * A walk over all elements that always ends: start with MAPFS_ITER_INIT.  1,
 * and an element's key and, unless NULL, its value; 0 after the last.  Elements
 * that are there throughout are met once; those that come or go meanwhile,
 * once or not at all.  Prefixes come by address, and if that has more than 4
 * bytes, others that come and go and begin with the same 4 can make the walk
 * miss or repeat one.  One iter is for one thread at a time; nothing needs to
 * be released.
 */
struct mapfs_iter {
	uint64_t position; /* nothing to be changed, or to be known */
};

#define MAPFS_ITER_INIT \
	{               \
		0       \
	}

int mapfs_iter_next(struct mapfs_map *map, struct mapfs_iter *iter, void *key,
		    void *value);

/*
 * Maps without keys.  EOPNOTSUPP: other types.
 *
 * Queues and stacks: push adds an element (E2BIG: the map is full, and with
 * MAPFS_EXIST the oldest is dropped instead; EINVAL: other flags), pop takes
 * out the next one, which peek shows (ENOENT: the map is empty, and 'value' is
 * untouched).  Of a queue that is the oldest, of a stack the newest.
 *
 * pop_wait waits for one, for as many milliseconds or, with -1, without end.
 * ETIMEDOUT: there was none; EINTR: a signal handler has run; EPERM also when
 * the map is frozen meanwhile.  Of several who wait for one element, one gets
 * it.  A process that is killed while it waits takes nothing along.  Where the
 * daemon answers (see mapfs_open) also what open(2) of the file pop and poll(2)
 * give.
 *
 * Bloom filters: push adds a value (EINVAL: flags other than MAPFS_ANY), and
 * peek asks whether the one at 'value' is in: 0, it may be; ENOENT, it is not.
 * EOPNOTSUPP: pop.
 */
int mapfs_push(struct mapfs_map *map, const void *value, uint64_t flags);
int mapfs_pop(struct mapfs_map *map, void *value);
int mapfs_pop_wait(struct mapfs_map *map, void *value, int timeout_ms);
int mapfs_peek(struct mapfs_map *map, void *value);

/* ---------------------------------------------------------------- rings */

/*
 * Records of ringbuf and user_ringbuf.  Any number of processes may produce,
 * and any number consume, in either type: each record goes to one consumer,
 * whole, and in the order of reserving.  All need the map open for writing
 * (EPERM), but for mapfs_ring_query; other types are EOPNOTSUPP.
 *
 * Where mapfs_info says MAPFS_IO_FILES, a record is a write or a read of the
 * file stream: reserve, commit and discard are EOPNOTSUPP there, and so is a
 * record without bytes.
 *
 * A consumer of the kernel's layout, as libbpf's, moves the consumer position
 * without looking: it must be the only one.
 */

/*
 * Room for a record of 'size' bytes, at *data, aligned to 8.  It is the
 * caller's to write, and what it holds before is undefined, until it is
 * committed or discarded, by any thread of the same process: until then no
 * record behind it is seen.  One that its process does not finish is discarded
 * when the process ends or closes the map; a child does not inherit it.
 *
 *	E2BIG		the ring has no room for that many: at most
 *			max_entries - 16
 *	EAGAIN		no room until records are consumed
 */
int mapfs_ring_reserve(struct mapfs_map *map, uint64_t size, void **data);

/*
 * Let consumers have a record, or never see it; *data is not the caller's any
 * more.  EINVAL: 'data' is no record that this process has reserved.
 */
int mapfs_ring_commit(struct mapfs_map *map, void *data);
int mapfs_ring_discard(struct mapfs_map *map, void *data);

/*
 * A record of those bytes: reserve, copy and commit.  Errors as of reserve;
 * EMSGSIZE: more than 1044480 bytes, with MAPFS_IO_FILES.
 */
int mapfs_ring_output(struct mapfs_map *map, const void *data, uint64_t size);

/*
 * Copy the oldest record to 'data', and remove it: the number of its bytes,
 * which can be 0.  Does not wait.  On failure 'data' is undefined.
 *
 *	EAGAIN		there is none, or the oldest is not finished
 *	EMSGSIZE	it has more than 'size' bytes, and stays
 */
int mapfs_ring_take(struct mapfs_map *map, void *data, size_t size);

/*
 * Wait until there is a record, for 'timeout' milliseconds, or for ever if it
 * is negative: 1; or 0, there is none.  A discarded record counts as well,
 *until a take passes over it, and another consumer may be faster: EAGAIN of the
 *take then. The file stream can be waited for by poll(2) and epoll(7) as well.
 *
 *	EINTR		a signal was handled
 *	EPERM		the map has been frozen, also while waiting
 *	EIO		only with MAPFS_IO_FILES: spoilt
 */
int mapfs_ring_poll(struct mapfs_map *map, int timeout);

/*
 * Take all records there are, and call 'fn' with a copy of each, which is
 * aligned to 8 and valid until it returns; it may use the map.  Ends when there
 * are no more, or 'fn' returns other than 0: a negative number is returned as
 * it is, after any other the number of records.  Every record that 'fn' was
 * called with is gone.
 *
 * Errors are those of mapfs_ring_take but for EAGAIN and EMSGSIZE, and ENOMEM;
 * records may have been consumed before.
 */
typedef int (*mapfs_ring_fn)(void *context, void *data, size_t size);
int mapfs_ring_consume(struct mapfs_map *map, mapfs_ring_fn fn, void *context);

/*
 * A number of the ring, by BPF_RB_AVAIL_DATA (bytes to be read, headers and
 * all), BPF_RB_RING_SIZE, BPF_RB_CONS_POS or BPF_RB_PROD_POS of <linux/bpf.h>;
 * 0 for another 'what'.
 */
int mapfs_ring_query(struct mapfs_map *map, uint32_t what, uint64_t *number);

/* ---------------------------------------------------------------- one CPU */

/*
 * One slot of a per-CPU map: value_size bytes, of CPU 'cpu' or
 * MAPFS_THIS_CPU.  Errors as above; ENOENT also for a CPU that there is not.
 * An update that makes an element leaves the other slots zero.
 */
int mapfs_lookup_cpu(struct mapfs_map *map, const void *key, uint32_t cpu,
		     void *value);
int mapfs_update_cpu(struct mapfs_map *map, const void *key, uint32_t cpu,
		     const void *value, uint64_t flags);

/* ---------------------------------------------------------------- pointers */

/*
 * The address of an array's value ('cpu' 0), or of its slot in a per-CPU
 * array; valid until mapfs_close or mapfs_freeze.  Others may write there at
 * any time: use atomic accesses.  NULL, and errno: ENOENT no such index or
 * CPU; EOPNOTSUPP no array, or one that is not mapped here.
 */
void *mapfs_value_addr(struct mapfs_map *map, uint32_t index, uint32_t cpu);

/*
 * And back: the index of the value in which 'addr' lies, and the byte within.
 * ENOENT: in none of CPU 'cpu'.
 */
int mapfs_value_index(struct mapfs_map *map, const void *addr, uint32_t cpu,
		      uint32_t *index, uint32_t *offset);

/*
 * What mapfs_array_lookup of <mapfs/array.h> needs, which compiles to a bounds
 * check and an addition.  Valid as the pointers above; same errors.
 */
int mapfs_array(struct mapfs_map *map, uint32_t cpu, struct mapfs_array *array);

/* ---------------------------------------------------------------- maps of maps
 */

/*
 * A value of an array_of_maps or a hash_of_maps is the id of a map, an
 * uint32_t: an update gives an id, a lookup gets it, and the slot holds that
 * map.  Each call is one of the daemon's (MAPFS_IO_FILES), an update has these
 * errnos too, and MAPFS_NOEXIST and MAPFS_EXIST are EINVAL in an
 * array_of_maps:
 *
 *	EBADF		there is no map of that id
 *	EACCES		the user may neither read nor write it
 *	EINVAL		it is not like the map that 'inner' named in the spec
 *
 * mapfs_open_inner opens the map that the slot of 'key' holds, whether it has
 * a name or not; the caller closes it.  NULL, and errno as of mapfs_lookup and
 * mapfs_open; EOPNOTSUPP: 'map' is no map of maps.
 *
 * mapfs_update_inner is mapfs_update with the id of 'inner'.  EXDEV: that is
 * a map of another mount; EOPNOTSUPP.
 */
struct mapfs_map *mapfs_open_inner(struct mapfs_map *map, const void *key,
				   int oflags);
int mapfs_update_inner(struct mapfs_map *map, const void *key,
		       const struct mapfs_map *inner, uint64_t flags);

/* ---------------------------------------------------------------- batches */

/*
 * Many elements in one call, by the rules of bpf(2).  'count' is, on return,
 * the number of elements done, also when the call fails, and untouched when it
 * is refused outright (EPERM, EOPNOTSUPP, EINVAL).
 *
 * A token tells where a lookup goes on: in is NULL to start, out room for
 * mapfs_batch_token bytes, and both may be the same.  0: go on; ENOENT: that
 * was the end, and *count elements came before it.  A hash gives whole
 * buckets: fewer elements than there is room for, or ENOSPC with none if one
 * bucket has more.
 *
 * update: as mapfs_update with MAPFS_ANY, in order, up to the first that fails.
 * delete: up to the first key that is not there, which is ENOENT.
 *
 * EFAULT: a pointer is NULL that is needed.
 */
size_t mapfs_batch_token(struct mapfs_map *map);
int mapfs_lookup_batch(struct mapfs_map *map, const void *in, void *out,
		       void *keys, void *values, uint32_t *count);
int mapfs_lookup_and_delete_batch(struct mapfs_map *map, const void *in,
				  void *out, void *keys, void *values,
				  uint32_t *count);
int mapfs_update_batch(struct mapfs_map *map, const void *keys,
		       const void *values, uint32_t *count);
int mapfs_delete_batch(struct mapfs_map *map, const void *keys,
		       uint32_t *count);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
