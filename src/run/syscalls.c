/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/syscalls.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "run/command.h"
#include "run/probe.h"

/*
 * Flags of an open for reading and of a directory: what is opened for anything
 * else is not asked about.  O_LARGEFILE, of every kind.
 */
#define OPEN_MASK                                                       \
	(~(0100000u | O_CLOEXEC | O_DIRECTORY | O_NOCTTY | O_NOFOLLOW | \
	   O_NONBLOCK | O_PATH))

/* MAP_SHARED_VALIDATE is shared as well: it has one bit more. */
#define SHARED_MASK \
	((MAP_TYPE & ~(MAP_SHARED_VALIDATE ^ MAP_SHARED)) | MAP_ANONYMOUS)

#define ALWAYS 0, 0, 0

const struct syscall_entry syscalls[] = {
	{ SYS_bpf, command_run, ALWAYS },
/* Elsewhere the structs of statfs(2) and mmap's offset are others. */
#ifdef __LP64__
	{ SYS_statfs, probe_statfs, ALWAYS },
	{ SYS_fstatfs, probe_fstatfs, ALWAYS },
	{ SYS_mmap, probe_mmap, 3, SHARED_MASK, MAP_SHARED },
	{ SYS_newfstatat, probe_newfstatat, 3, AT_EMPTY_PATH, 0 },
#ifdef SYS_stat
	{ SYS_stat, probe_stat, ALWAYS },
	{ SYS_lstat, probe_lstat, ALWAYS },
#endif
#endif
	{ SYS_statx, probe_statx, 2, AT_EMPTY_PATH, 0 },
#ifdef SYS_access
	{ SYS_access, probe_access, ALWAYS },
#endif
	{ SYS_faccessat, probe_faccessat, ALWAYS },
	{ SYS_getxattr, probe_getxattr, ALWAYS },
	{ SYS_lgetxattr, probe_getxattr, ALWAYS },
	{ SYS_listxattr, probe_listxattr, ALWAYS },
	{ SYS_llistxattr, probe_listxattr, ALWAYS },
#ifdef SYS_faccessat2
	{ SYS_faccessat2, probe_faccessat2, ALWAYS },
#endif
#ifdef SYS_mkdir
	{ SYS_mkdir, probe_mkdir, ALWAYS },
	{ SYS_unlink, probe_unlink, ALWAYS },
	{ SYS_rmdir, probe_rmdir, ALWAYS },
	{ SYS_rename, probe_rename, ALWAYS },
	{ SYS_readlink, probe_readlink, ALWAYS },
	{ SYS_open, probe_open, 1, OPEN_MASK, 0 },
#endif
	{ SYS_mkdirat, probe_mkdirat, ALWAYS },
	{ SYS_unlinkat, probe_unlinkat, ALWAYS },
/* Newer architectures have the last of the renames alone. */
#ifdef SYS_renameat
	{ SYS_renameat, probe_renameat, ALWAYS },
#endif
	{ SYS_renameat2, probe_renameat2, ALWAYS },
	{ SYS_readlinkat, probe_readlinkat, ALWAYS },
	{ SYS_openat, probe_openat, 2, OPEN_MASK, 0 },
	{ SYS_epoll_ctl, probe_epoll_ctl, ALWAYS },
	{ -1, NULL, ALWAYS },
};

_Static_assert(sizeof(syscalls) / sizeof(syscalls[0]) <= SYSCALLS_MAX + 1,
	       "the filter has room for them");

const struct syscall_entry *syscall_find(long nr)
{
	const struct syscall_entry *entry;

	for (entry = syscalls; entry->run; entry++)
		if (entry->nr == nr)
			return entry;
	return NULL;
}
