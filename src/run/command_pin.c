/* SPDX-License-Identifier: BSD-2-Clause */
/* bpf(2): pins, which are empty files.  See object.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run/command.h"

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

static int pin(const struct request *req, struct object *object)
{
	char path[PATH_MAX], link[32];
	int made, fd, err;

	err = pin_path(req, path);
	if (err)
		return err;
	/* The kernel keeps such names for itself. */
	if (strchr(strrchr(path, '/'), '.'))
		return -EPERM;
	made = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
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
	err = pin(req, object);
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

static int find_pin(const struct request *req, const char *path,
		    enum object_mode mode, struct object **object)
{
	struct objects *objects = &req->call->run->objects;
	enum object_mode found;
	char link[32];
	struct stat st;
	int fd, err;

	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	err = fstat(fd, &st) < 0 ? -errno : check_access(link, mode);
	if (!err) {
		*object = object_by_file(objects, &st, &found);
		err = *object ? 0 : -EACCES;
	}
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
