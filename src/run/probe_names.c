/* SPDX-License-Identifier: BSD-2-Clause */
/* Probes by name: statfs(2), and what makes and removes names. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "run/memory.h"
#include "run/mount.h"
#include "run/probe.h"
#include "run/run.h"
#include "run/status.h"

#ifndef BPF_FS_MAGIC
#define BPF_FS_MAGIC 0xcafe4a11
#endif

static int statfs_of(struct call *call, const char *link)
{
	struct statfs st;

	if (!path_in_root(&call->run->bpffs, link))
		return CALL_CONTINUE;
	if (statfs(link, &st) < 0)
		return -errno;
	st.f_type = BPF_FS_MAGIC;
	return memory_write(call, call->data->args[1], &st, sizeof(st));
}

int probe_statfs(struct call *call)
{
	char path[PATH_MAX], link[32];
	bool redirected;
	int fd, res;

	res = path_of_target(call, AT_FDCWD, call->data->args[0], path,
			     &redirected);
	if (res)
		return CALL_CONTINUE;
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return redirected ? -errno : CALL_CONTINUE;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	res = statfs_of(call, link);
	close(fd);
	return res;
}

int probe_fstatfs(struct call *call)
{
	char link[48];

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", call->tid,
		 (int)call->data->args[0]);
	return statfs_of(call, link);
}

/* In a mount a directory is a map, and one below it nowhere. */
static int make_dir(struct call *call, int dirfd, uint64_t addr, mode_t mode)
{
	char path[PATH_MAX];
	int res = path_redirected(call, dirfd, addr, path);

	if (res)
		return res;
	if (call->run->mount && access(path, F_OK) == 0)
		return -EEXIST;
	if (call->run->mount) {
		run_tell(call->run, "mkdir: a mount of mapfs has no "
				    "directories for pins");
		return -EPERM;
	}
	mode &= ~status_umask(call->tid);
	return mkdir(path, mode) < 0 ? -errno : 0;
}

/* A pin that is a map's name: the map goes, unless the run has it. */
static int remove_pin(struct call *call, const char *path, const char *name)
{
	struct run *run = call->run;
	struct object *object = NULL;
	struct mounted *mounted;
	int err = mount_get(run->mount, run->mount->dir, name, &mounted);

	if (!err) {
		object = object_by_id(&run->objects, OBJECT_MAP, mounted->id);
		mounted_free(mounted);
	}
	if (!object)
		return rmdir(path) < 0 ? -errno : 0;
	err = object_unpin_name(object);
	object_drop(&run->objects, object);
	/* The run cannot name it, or no run made it; it has it all the same. */
	if (err == -EBADF || err == -EPERM || err == -EINVAL)
		err = rmdir(path) < 0 ? -errno : 0;
	return err;
}

/* What the runner may do the target may not, when it has become another user.
 */
static bool is_our_user(const struct call *call)
{
	return status_fsuid(call->tid) == geteuid() && call_valid(call);
}

static int remove_name(struct call *call, int dirfd, uint64_t addr, int flags)
{
	const struct mount *mount = call->run->mount;
	char path[PATH_MAX], name[NAME_MAX + 1];
	bool redirected = false;
	int err = path_of_target(call, dirfd, addr, path, &redirected);

	if (!err && mount && !flags &&
	    mount_has(mount, path, name, sizeof(name))) {
		if (is_our_user(call))
			return remove_pin(call, path, name);
		return redirected ? -EPERM : CALL_CONTINUE;
	}
	if (!redirected)
		return CALL_CONTINUE;
	if (err)
		return err;
	return unlinkat(AT_FDCWD, path, flags) < 0 ? -errno : 0;
}

/* To the kernel, another filesystem begins there. */
static int rename_name(struct call *call, int old_dirfd, uint64_t old_addr,
		       int new_dirfd, uint64_t new_addr, unsigned int flags)
{
	char old[PATH_MAX], new[PATH_MAX];
	int from = path_redirected(call, old_dirfd, old_addr, old);
	int to = path_redirected(call, new_dirfd, new_addr, new);

	if (from == CALL_CONTINUE && to == CALL_CONTINUE)
		return CALL_CONTINUE;
	if (from == CALL_CONTINUE || to == CALL_CONTINUE)
		return -EXDEV;
	if (from || to)
		return from ? from : to;
	return renameat2(AT_FDCWD, old, AT_FDCWD, new, flags) < 0 ? -errno : 0;
}

int probe_mkdir(struct call *call)
{
	return make_dir(call, AT_FDCWD, call->data->args[0],
			(mode_t)call->data->args[1]);
}

int probe_mkdirat(struct call *call)
{
	return make_dir(call, (int)call->data->args[0], call->data->args[1],
			(mode_t)call->data->args[2]);
}

int probe_unlink(struct call *call)
{
	return remove_name(call, AT_FDCWD, call->data->args[0], 0);
}

int probe_unlinkat(struct call *call)
{
	return remove_name(call, (int)call->data->args[0], call->data->args[1],
			   (int)call->data->args[2]);
}

int probe_rmdir(struct call *call)
{
	return remove_name(call, AT_FDCWD, call->data->args[0], AT_REMOVEDIR);
}

int probe_rename(struct call *call)
{
	return rename_name(call, AT_FDCWD, call->data->args[0], AT_FDCWD,
			   call->data->args[1], 0);
}

int probe_renameat(struct call *call)
{
	const __u64 *args = call->data->args;

	return rename_name(call, (int)args[0], args[1], (int)args[2], args[3],
			   0);
}

int probe_renameat2(struct call *call)
{
	const __u64 *args = call->data->args;

	return rename_name(call, (int)args[0], args[1], (int)args[2], args[3],
			   (unsigned int)args[4]);
}
