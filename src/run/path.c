/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/path.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/memory.h"
#include "run/run.h"
#include "run/tables.h"

/* Bytes in which "/sys" is looked for, slashes that mean nothing included. */
#define PATH_HEAD 16

/* Directories that nftw keeps open. */
#define REMOVE_OPEN 16

static int make_root(struct path_root *root)
{
	const char *tmp = getenv("TMPDIR");
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/mapfs-run-XXXXXX",
			   tmp && tmp[0] == '/' ? tmp : "/tmp");

	if (len >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (!mkdtemp(path))
		return -errno;
	root->ours = true;
	root->path = realpath(path, NULL);
	return root->path ? 0 : -errno;
}

int path_root_init(struct path_root *root, const char *given)
{
	struct stat st;

	root->ours = false;
	if (!given)
		return make_root(root);
	root->path = realpath(given, NULL);
	if (!root->path || stat(root->path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

void path_root_release(struct path_root *root)
{
	if (root->ours)
		nftw(root->path, remove_one, REMOVE_OPEN,
		     FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* What is behind the prefix, if the path begins with its components. */
static const char *behind(const char *path, const char *prefix)
{
	size_t len;

	while (*prefix == '/') {
		while (path[0] == '/' &&
		       (path[1] == '/' || (path[1] == '.' && path[2] == '/')))
			path += path[1] == '/' ? 1 : 2;
		len = strcspn(prefix + 1, "/") + 1;
		if (strncmp(path, prefix, len) != 0 ||
		    (path[len] && path[len] != '/'))
			return NULL;
		path += len;
		prefix += len;
	}
	return path;
}

/* Without a directory of its own, a relative path is beside 'dirfd'. */
static int beside(const struct call *call, int dirfd, const char *rest,
		  char *path)
{
	struct stat st;
	int len;

	if (rest[0] != '/' && dirfd != AT_FDCWD &&
	    tables_stat_path(call->tid, dirfd, &st))
		return -EBADF;
	if (rest[0] == '/')
		len = snprintf(path, PATH_MAX, "/proc/%d/root%s", call->tid,
			       rest);
	else if (dirfd == AT_FDCWD)
		len = snprintf(path, PATH_MAX, "/proc/%d/cwd/%s", call->tid,
			       rest);
	else
		len = snprintf(path, PATH_MAX, "/proc/%d/fd/%d/%s", call->tid,
			       dirfd, rest);
	return len < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static bool read_cwd(const struct call *call, char *cwd)
{
	char link[32];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%d/cwd", call->tid);
	len = readlink(link, cwd, PATH_MAX - 1);
	if (len <= 0)
		return false;
	cwd[len] = '\0';
	return true;
}

/* What a path that starts at the target's directory is as an absolute one. */
static void start_at_cwd(const struct call *call, char *text)
{
	char cwd[PATH_MAX];
	size_t len;

	if (!read_cwd(call, cwd) || !behind(cwd, "/sys"))
		return;
	len = strlen(cwd);
	if (len + 1 + strlen(text) >= PATH_MAX)
		return;
	memmove(text + len + 1, text, strlen(text) + 1);
	memcpy(text, cwd, len);
	text[len] = '/';
}

int path_of_target(const struct call *call, int dirfd, uint64_t addr,
		   char *path, bool *redirected)
{
	const char *rest;
	char *text;
	int err;

	text = malloc(PATH_MAX);
	if (!text)
		return -ENOMEM;
	err = memory_read_string(call, addr, text, PATH_MAX);
	if (err)
		goto out;
	err = text[0] ? 0 : -ENOENT;
	if (err)
		goto out;
	if (text[0] != '/' && dirfd == AT_FDCWD)
		start_at_cwd(call, text);
	rest = behind(text, BPFFS_PATH);
	if (redirected)
		*redirected = rest;
	if (!rest)
		err = beside(call, dirfd, text, path);
	else if (snprintf(path, PATH_MAX, "%s%s", call->run->bpffs.path,
			  rest) >= PATH_MAX)
		err = -ENAMETOOLONG;
out:
	free(text);
	return err;
}

/* Most paths are told by their first bytes, or by where they start. */
static bool may_be_bpffs(const struct call *call, int dirfd, uint64_t addr)
{
	char head[PATH_HEAD], cwd[PATH_MAX];
	size_t len = memory_read_some(call, addr, head, sizeof(head));

	if (!len)
		return false;
	if (head[0] == '/')
		return memmem(head, len, "sys", 3);
	return dirfd == AT_FDCWD && read_cwd(call, cwd) && behind(cwd, "/sys");
}

int path_redirected(const struct call *call, int dirfd, uint64_t addr,
		    char *path)
{
	bool redirected = false;
	int err;

	if (!may_be_bpffs(call, dirfd, addr))
		return CALL_CONTINUE;
	err = path_of_target(call, dirfd, addr, path, &redirected);
	return redirected ? err : CALL_CONTINUE;
}

bool path_in_root(const struct path_root *root, const char *link)
{
	char path[PATH_MAX];
	ssize_t len = readlink(link, path, sizeof(path) - 1);

	if (len <= 0)
		return false;
	path[len] = '\0';
	return behind(path, root->path);
}
