/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mount: what all of src/fs shares.  Requests run in parallel in the
 * threads of libfuse's loop; there is no lock around them.
 */
#ifndef FS_FS_H
#define FS_FS_H

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/charge.h"
#include "core/idr.h"
#include "core/map.h"
#include "fmt/error.h"
#include "fs/keys.h"

/*
 * How a data file (elements of an array, percpu/N) reaches its memory.
 *
 *	passthrough	the kernel reads, writes and maps the memory itself
 *	symlink		a link to the daemon's own descriptor in /proc: the
 *			same, but only for the daemon's user
 *	cached		the daemon serves the file and the kernel caches it;
 *			can be mapped, see io_sync
 *	daemon		the daemon serves each read and write; no shared mmap
 */
enum io_mode {
	IO_AUTO,
	IO_PASSTHROUGH,
	IO_SYMLINK,
	IO_CACHED,
	IO_DAEMON,
};

/* The text files that are open, of the root or of a map: see text_file.h. */
struct fs_files {
	pthread_mutex_t lock;
	struct text_file *first;
};

/* Owner and permission bits of the root or of a map. */
struct fs_access {
	_Atomic uid_t uid;
	_Atomic gid_t gid;
	_Atomic mode_t mode;
};

/*
 * A part of the names, by their hash, so that looking up one map does not
 * wait for another being made.
 */
#define FS_NAMES 64u

/*
 * Text files that a user other than root can have open, each of which can take
 * some 150 KiB of the daemon's memory, and more where values are large; and
 * maps that are not configured, which are charged no memory.  Both are far
 * more than are of use to anybody.
 */
#define FS_OPENS_USER  16384u
#define FS_DRAFTS_USER 4096u

struct fs_names {
	pthread_rwlock_t lock;
	void *tree; /* tsearch(3), of map_dirs */
};

/* Maps that somebody waits for: see waits.h. */
struct waits {
	pthread_mutex_t lock;
	pthread_cond_t idle;   /* the last thread has ended */
	struct watch *watches; /* a map each */
	bool ending;
};

/* Names that the kernel is to be told of: see notices.h. */
struct notices {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct notice *first;
	struct notice **end;
	pthread_t thread;
	bool ending;
	bool ended;
};

struct fs {
	struct fuse_session *se;
	enum io_mode io_wanted;	 /* option io=; fixed */
	_Atomic enum io_mode io; /* settled by io_settle */
	struct fs_access access; /* of the root */
	struct timespec start;	 /* times of the root */
	struct fs_files files;	 /* of the root */
	struct charge_domain charges;
	struct charge_domain opens;  /* text files: one each */
	struct charge_domain drafts; /* maps not configured yet: one each */

	/* Map directories: see dir.h. */
	struct idr dirs;		 /* by id */
	struct fs_names names[FS_NAMES]; /* by name */
	atomic_uint ndirs;
	pthread_mutex_t free_lock;
	struct map_dir *free_dirs; /* free_lock */

	struct keys keys;	   /* that are no index: see keys.h */
	struct messages *messages; /* see messages.h */
	struct map_space space;	   /* see space.h */
	bool ending;		   /* the mount has gone */
	struct waits waits;
	struct notices notices;
	_Atomic uint64_t streams; /* opened so far */
};

/* The user a request comes from. */
struct creds {
	uid_t uid;
	gid_t gid;
	pid_t pid;
};

#endif
