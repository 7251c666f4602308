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
	int len;

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

bool path_in_root(const struct path_root *root, const char *link)
{
	char path[PATH_MAX];
	ssize_t len = readlink(link, path, sizeof(path) - 1);

	if (len <= 0)
		return false;
	path[len] = '\0';
	return behind(path, root->path);
}
