/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libmapfs inside: an open map is one of the core, in this process's memory,
 * or a ctl file that the daemon answers.  See mapfs/mapfs.h for what each
 * function does.
 */
#ifndef LIB_LIB_H
#define LIB_LIB_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/map.h"
#include "mapfs/ioctl.h"
#include "mapfs/mapfs.h"

struct mapfs_map {
	struct map_attr attr; /* map_name too */
	uint32_t id;
	uint64_t memlock; /* bytes, as the mount says */
	bool writable;
	bool frozen;
	int dir;	  /* O_PATH of the directory */
	struct map *core; /* NULL: by the ctl file, or closed */
	int ctl;	  /* the file that keeps our owner's number, or -1 */
	int stream;	  /* of a ring buffer that is not in memory, or -1 */
	/* Tables that we write: the process that has the owner's number. */
	atomic_uint process;
	uint32_t owner; /* that number */
};

/* mapfs_open of a path that starts at a directory. */
struct mapfs_map *lib_open(int at, const char *path, int oflags);

/* Return a result, with errno if it is an error. */
int lib_result(int res);

/* info.c: what the file info says.  Errors as of mapfs_open. */
int lib_read_info(struct mapfs_map *map);

/*
 * process.c: a number of this process, another one in each child.  And the
 * number of an owner before a change: 0, or as open(2).
 */
uint32_t lib_process(void);
int lib_join(struct mapfs_map *map);
void lib_leave(struct mapfs_map *map);

/* Held while there is what a child could not go on with. */
void lib_lock(void);
void lib_unlock(void);

/* elements.c: before a change, 0, -EPERM, or as lib_join. */
int lib_begin(struct mapfs_map *map);
size_t lib_value_bytes(const struct mapfs_map *map);
/* Are elements in this process's memory? */
bool lib_is_memory(const struct mapfs_map *map);

/* files.c: an operation by the daemon. */
struct lib_call {
	uint32_t op; /* MAPFS_CALL_* */
	uint32_t cpu;
	uint64_t flags;
	uint64_t position; /* in and out */
	const void *key;   /* NULL: none */
	const void *value;
	void *key_out; /* NULL: not wanted */
	void *value_out;
	size_t value_size; /* bytes of a value here */
};

int lib_call(struct mapfs_map *map, struct lib_call *call);

#endif
