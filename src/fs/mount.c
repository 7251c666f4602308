/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/io.h"
#include "fs/ops.h"
#include "fs/passthrough.h"

/*
 * Threads of the loop.  A thread waits in io_sync for WRITE requests that
 * others must serve, so there have to be more than can ever wait.
 */
#define MOUNT_THREADS	   1000
#define MOUNT_THREADS_IDLE 10

struct mount {
	struct fs *fs;
	const struct options *options;
	int ready; /* descriptor or -1 */
	bool failed;
};

/*
 * A daemon that was killed leaves a mount that answers ENOTCONN; not to
 * stat(2), which the kernel may answer itself.
 */
static void unmount_dead(const char *mountpoint)
{
	const char *argv[] = { "fusermount3", "-uz", mountpoint, NULL };
	extern char **environ;
	struct statvfs st;
	pid_t pid;

	if (statvfs(mountpoint, &st) == 0 || errno != ENOTCONN)
		return;
	if (umount2(mountpoint, MNT_DETACH) == 0)
		return;
	if (posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv,
			 environ) == 0)
		waitpid(pid, NULL, 0);
}

/* Give up the terminal and the directory the daemon was started in. */
static void detach(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (chdir("/") < 0 || null < 0)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	close(null);
}

/*
 * Does the mount answer?  Asked by a process that has no part in it: a thread
 * of ours that waits for an answer when we are killed keeps the descriptor
 * open by which the kernel would see that none will come.
 */
static bool answers(struct fuse_session *se, const char *where)
{
	struct statvfs st;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		close(fuse_session_fd(se));
		_exit(statvfs(where, &st) < 0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/*
 * Runs beside the loop: the mount is ready when it answers, and by then the
 * way of serving data files is settled.
 */
static void *wait_ready(void *arg)
{
	struct mount *mount = arg;
	const char *where = mount->options->mountpoint;
	ssize_t written;

	if (strncmp(where, "/dev/fd/", 8) == 0)
		goto ready;
	if (!answers(mount->fs->se, where) || mount->fs->io == IO_AUTO) {
		/* Ended before it began, or an io= that is not to be had. */
		if (!fuse_session_exited(mount->fs->se))
			fprintf(stderr,
				"mapfs: %s: io=%s is not to be had "
				"here\n",
				where, io_mode_name(mount->options->io));
		mount->failed = true;
		kill(getpid(), SIGTERM);
		return NULL;
	}
	printf("mapfs: %s: mounted, io=%s\n", where,
	       io_mode_name(mount->fs->io));
	fflush(stdout);
ready:
	if (mount->ready >= 0) {
		detach();
		do
			written = write(mount->ready, "", 1);
		while (written < 0 && errno == EINTR);
		close(mount->ready);
	}
	return NULL;
}

static int serve(struct mount *mount)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	pthread_t waiter;
	int res;

	if (!config)
		return -ENOMEM;
	fuse_loop_cfg_set_max_threads(config, MOUNT_THREADS);
	fuse_loop_cfg_set_idle_threads(config, MOUNT_THREADS_IDLE);
	fuse_loop_cfg_set_clone_fd(config, 0);
	res = -pthread_create(&waiter, NULL, wait_ready, mount);
	if (!res) {
		/* The number of a signal is an end like umount's. */
		res = fuse_session_loop_mt(mount->fs->se, config);
		if (res < 0)
			fprintf(stderr, "mapfs: %s: %s\n",
				mount->options->mountpoint, strerror(-res));
		else
			res = 0;
		/* Lets a waiter go that asked a mount which did not answer. */
		fuse_session_unmount(mount->fs->se);
		pthread_join(waiter, NULL);
	}
	fuse_loop_cfg_destroy(config);
	return mount->failed ? -EOPNOTSUPP : res;
}

int mount_serve(struct fs *fs, struct options *options, int ready)
{
	struct mount mount = { fs, options, ready, false };
	int res = -EIO;

	unmount_dead(options->mountpoint);
	/* See region_seal_write. */
	signal(SIGIO, SIG_IGN);
	fs->se = fuse_session_new(&options->args, &fs_ops, sizeof(fs_ops), fs);
	if (!fs->se)
		return -EINVAL;
	if (fuse_set_signal_handlers(fs->se))
		goto out_destroy;
	if (fuse_session_mount(fs->se, options->mountpoint))
		goto out_signals;
	res = passthrough_attach(fs->se);
	if (!res)
		res = serve(&mount);
	fuse_session_unmount(fs->se);
out_signals:
	fuse_remove_signal_handlers(fs->se);
out_destroy:
	fuse_session_destroy(fs->se);
	fs->se = NULL;
	return res;
}
