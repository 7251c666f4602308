/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls beside bpf(2) by which programs find out about maps: each a run of a
 * row in syscalls.c, and CALL_CONTINUE where no map is concerned.  Between
 * that answer and the kernel's reading of the arguments the target can change
 * them, and deceive itself.
 */
#ifndef RUN_PROBE_H
#define RUN_PROBE_H

struct call;

/* The run's directory is a bpffs. */
int probe_statfs(struct call *call);
int probe_fstatfs(struct call *call);

/*
 * Names below /sys/fs/bpf are in the run's directory: they are made, removed
 * and renamed there (probe_names.c),
 */
int probe_mkdir(struct call *call);
int probe_mkdirat(struct call *call);
int probe_unlink(struct call *call);
int probe_unlinkat(struct call *call);
int probe_rmdir(struct call *call);
int probe_rename(struct call *call);
int probe_renameat(struct call *call);
int probe_renameat2(struct call *call);
/* and looked at (probe_stat.c). */
int probe_stat(struct call *call);
int probe_lstat(struct call *call);
int probe_newfstatat(struct call *call);
int probe_statx(struct call *call);
int probe_access(struct call *call);
int probe_faccessat(struct call *call);
int probe_faccessat2(struct call *call);
int probe_getxattr(struct call *call);
int probe_listxattr(struct call *call);

/* /proc/PID/fdinfo/N of a map; and what is below /sys/fs/bpf. */
int probe_open(struct call *call);
int probe_openat(struct call *call);
int open_redirected(struct call *call, int dirfd, uint64_t addr,
		    uint64_t flags);

/* The link /proc/PID/fd/N of an object. */
int probe_readlink(struct call *call);
int probe_readlinkat(struct call *call);

/* What mmap(2) of a map's descriptor may do. */
int probe_mmap(struct call *call);

/* A ring buffer can be waited for. */
int probe_epoll_ctl(struct call *call);

#endif
