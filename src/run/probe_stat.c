/* SPDX-License-Identifier: BSD-2-Clause */
/* Probes by name: what looks at names below /sys/fs/bpf. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/memory.h"
#include "run/object.h"
#include "run/probe.h"
#include "run/run.h"

/* The C library's struct is the kernel's where these calls are asked about. */
static int tell_stat(struct call *call, int dirfd, uint64_t addr, uint64_t buf,
		     int flags)
{
	char path[PATH_MAX];
	struct stat st;
	int res = path_redirected(call, dirfd, addr, path);

	if (res)
		return res;
	if (fstatat(AT_FDCWD, path, &st, flags) < 0)
		return -errno;
	return memory_write(call, buf, &st, sizeof(st));
}

int probe_stat(struct call *call)
{
	const __u64 *args = call->data->args;

	return tell_stat(call, AT_FDCWD, args[0], args[1], 0);
}

int probe_lstat(struct call *call)
{
	const __u64 *args = call->data->args;

	return tell_stat(call, AT_FDCWD, args[0], args[1], AT_SYMLINK_NOFOLLOW);
}

int probe_newfstatat(struct call *call)
{
	const __u64 *args = call->data->args;

	return tell_stat(call, (int)args[0], args[1], args[2], (int)args[3]);
}

int probe_statx(struct call *call)
{
	const __u64 *args = call->data->args;
	char path[PATH_MAX];
	struct statx st;
	int res = path_redirected(call, (int)args[0], args[1], path);

	if (res)
		return res;
	if (statx(AT_FDCWD, path, (int)args[2], (unsigned int)args[3], &st) < 0)
		return -errno;
	return memory_write(call, args[4], &st, sizeof(st));
}

static int tell_access(struct call *call, int dirfd, uint64_t addr, int mode,
		       int flags)
{
	char path[PATH_MAX];
	int res = path_redirected(call, dirfd, addr, path);

	if (res)
		return res;
	return faccessat(AT_FDCWD, path, mode, flags) < 0 ? -errno : 0;
}

int probe_access(struct call *call)
{
	const __u64 *args = call->data->args;

	return tell_access(call, AT_FDCWD, args[0], (int)args[1], 0);
}

int probe_faccessat(struct call *call)
{
	const __u64 *args = call->data->args;

	return tell_access(call, (int)args[0], args[1], (int)args[2], 0);
}

int probe_faccessat2(struct call *call)
{
	const __u64 *args = call->data->args;

	return tell_access(call, (int)args[0], args[1], (int)args[2],
			   (int)args[3]);
}

/* ls(1) asks for attributes; there are none, of what is there. */
int probe_listxattr(struct call *call)
{
	return tell_access(call, AT_FDCWD, call->data->args[0], F_OK,
			   AT_SYMLINK_NOFOLLOW);
}

int probe_getxattr(struct call *call)
{
	int res = probe_listxattr(call);

	return res ? res : -EOPNOTSUPP;
}

/* A pin's file has nothing to be read: the kernel says so. */
static bool is_pin(const struct call *call, int fd)
{
	struct objects *objects = &call->run->objects;
	struct object *object;
	enum object_mode mode;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	object = object_by_file(objects, &st, &mode);
	if (object)
		object_drop(objects, object);
	return object;
}

int open_redirected(struct call *call, int dirfd, uint64_t addr, uint64_t flags)
{
	char path[PATH_MAX];
	int res = path_redirected(call, dirfd, addr, path);
	int fd;

	if (res)
		return res;
	fd = open(path, (int)flags | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!(flags & O_PATH) && is_pin(call, fd)) {
		close(fd);
		return -EIO;
	}
	return call_give(call, fd, flags & O_CLOEXEC);
}
