/* SPDX-License-Identifier: BSD-2-Clause */
/* bpf(2): pins, which are empty files.  See object.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run/command.h"
#include "run/mount.h"
#include "run/status.h"

/* Newer than some systems' headers. */
#define F_PATH_FD   0x4000u
#define PATH_FD_OFF 16

/* The path of a pin, for us. */
static int pin_path(const struct request *req, char *path)
{
	int32_t dirfd = AT_FDCWD;
	int err;

	if (req->attr.file_flags & F_PATH_FD)
		memcpy(&dirfd, req->bytes + PATH_FD_OFF, sizeof(dirfd));
	err = path_of_target(req->call, dirfd, req->attr.pathname, path, NULL);
	if (!err)
		call_trace(req->call, " %s", path);
	return err;
}

static int check_flags(const struct request *req, uint32_t allowed)
{
	int32_t path_fd;

	memcpy(&path_fd, req->bytes + PATH_FD_OFF, sizeof(path_fd));
	if (req->attr.file_flags & ~(allowed | F_PATH_FD))
		return -EINVAL;
	return !(req->attr.file_flags & F_PATH_FD) && path_fd ? -EINVAL : 0;
}

static int pin_by_name(const struct request *req, struct object *object,
		       const char *name)
{
	if (!object->mounted) {
		run_tell(req->call->run,
			 "OBJ_PIN: only maps have names in a mount");
		return -EPERM;
	}
	return object_pin_name(object, name);
}

static int pin(const struct request *req, struct object *object)
{
	const struct mount *mount = req->call->run->mount;
	char path[PATH_MAX], link[32], name[NAME_MAX + 1];
	int made, fd, err;

	err = pin_path(req, path);
	if (err)
		return err;
	/* The kernel keeps such names for itself. */
	if (strchr(strrchr(path, '/'), '.'))
		return -EPERM;
	if (mount && mount_has(mount, path, name, sizeof(name)))
		return pin_by_name(req, object, name);
	/* To make a name there is to make an element. */
	if (mount && mount_has_below(mount, path))
		return -EPERM;
	made = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
		    0600 & ~status_umask(req->call->tid));
	if (made < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", made);
	fd = open(link, O_PATH | O_CLOEXEC);
	err = fd < 0 ? -errno :
		       object_pin(&req->call->run->objects, object, fd);
	close(made);
	if (err)
		unlink(path);
	return err;
}

int pin_command(struct request *req)
{
	struct object *object;
	enum object_mode mode;
	int err = check_flags(req, 0);

	if (err)
		return err;
	call_trace(req->call, " fd %d", (int)req->attr.bpf_fd);
	if (request_any(req, req->attr.bpf_fd, &object, &mode))
		return -EINVAL;
	/* BTF has no pins. */
	err = object->kind == OBJECT_BTF ? -EINVAL : pin(req, object);
	request_drop(req, object);
	return err;
}

/* What the pin's mode bits say, as open(2) would. */
static int check_access(const char *link, enum object_mode mode)
{
	int want = mode == MODE_RDONLY ? R_OK :
		   mode == MODE_WRONLY ? W_OK :
					 R_OK | W_OK;

	return faccessat(AT_FDCWD, link, want, AT_EACCESS) ? -errno : 0;
}

/* The map that a name of the mount is.  Other files there are no pins. */
static int get_mounted(const struct request *req, int fd, enum object_mode mode,
		       struct object **object)
{
	struct run *run = req->call->run;
	struct mounted *mounted;
	int err = mount_get(run->mount, fd, ".", &mounted);

	if (err)
		return err == -EMFILE || err == -ENOMEM ? err : -EACCES;
	if (mode != MODE_RDONLY && !mounted_frozen(mounted) &&
	    mounted_read_only(mounted)) {
		mounted_free(mounted);
		return -EACCES;
	}
	return mount_object(run, mounted, object);
}

static int find_mounted(const struct request *req, int fd,
			enum object_mode mode, struct object **object)
{
	struct mount *mount = req->call->run->mount;
	int err;

	mount_lock(mount);
	err = get_mounted(req, fd, mode, object);
	mount_unlock(mount);
	return err;
}

static int find_file(const struct request *req, int fd, const struct stat *st,
		     enum object_mode mode, struct object **object)
{
	enum object_mode found;
	char link[32];
	int err;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	err = check_access(link, mode);
	if (err)
		return err;
	*object = object_by_file(&req->call->run->objects, st, &found);
	return *object ? 0 : -EACCES;
}

static int find_pin(const struct request *req, const char *path,
		    enum object_mode mode, struct object **object)
{
	const struct mount *mount = req->call->run->mount;
	struct stat st;
	int fd, err;

	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (mount && st.st_dev == mount->dev)
		err = find_mounted(req, fd, mode, object);
	else
		err = find_file(req, fd, &st, mode, object);
	close(fd);
	return err;
}

int get_pinned_command(struct request *req)
{
	char path[PATH_MAX];
	struct object *object = NULL;
	enum object_mode mode;
	int err;

	if (req->attr.bpf_fd)
		return -EINVAL;
	err = check_flags(req, BPF_F_RDONLY | BPF_F_WRONLY);
	if (!err)
		err = request_mode(req->attr.file_flags, &mode);
	if (!err)
		err = pin_path(req, path);
	if (!err)
		err = find_pin(req, path, mode, &object);
	if (err)
		return err;
	err = request_give(req, object, mode);
	request_drop(req, object);
	return err;
}
