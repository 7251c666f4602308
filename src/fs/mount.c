/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fs/attendant.h"
#include "fs/io.h"
#include "fs/notices.h"
#include "fs/ops.h"
#include "fs/passthrough.h"
#include "fs/privileges.h"
#include "fs/waits.h"

/*
 * Threads of the loop.  A thread waits in io_sync for WRITE requests that
 * others must serve, so there have to be more than can ever wait.
 */
#define MOUNT_THREADS	   1000
#define MOUNT_THREADS_IDLE 10

struct mount {
	struct fs *fs;
	const struct options *options;
	struct attendant *attendant;
	int ready; /* descriptor or -1 */
	bool failed;
};

/*
 * A daemon that was killed leaves a mount that answers ENOTCONN; not to
 * stat(2), which the kernel may answer itself.
 */
static void unmount_dead(const char *mountpoint)
{
	struct statvfs st;

	if (statvfs(mountpoint, &st) < 0 && errno == ENOTCONN)
		attendant_take_away(mountpoint);
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
 * Runs beside the loop: the mount is ready when it answers, and by then the
 * way of serving data files is settled.
 */
static void *wait_ready(void *arg)
{
	struct mount *mount = arg;
	const char *where = mount->options->mountpoint;
	ssize_t written;

	if (mount->attendant->fd < 0)
		goto ready;
	if (!attendant_answers(mount->attendant) || mount->fs->io == IO_AUTO) {
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

/*
 * Libfuse must not try to unmount, which we may not do any more: it does not
 * if the descriptor polls like that of a mount which has ended, as a pipe does
 * that nobody reads.
 */
static void hang_up(int fd)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	dup3(fds[1], fd, O_CLOEXEC);
	close(fds[0]);
	close(fds[1]);
}

/* The mount goes, unless it is gone. */
static void end_mount(struct mount *mount)
{
	struct fuse_session *se = mount->fs->se;
	struct pollfd end = { .fd = fuse_session_fd(se) };

	if (end.fd >= 0 && mount->attendant->fd >= 0 && poll(&end, 1, 0) == 0) {
		hang_up(end.fd);
		attendant_unmount(mount->attendant);
	}
	fuse_session_unmount(se);
}

/*
 * Answer the kernel's first request, which settles whether the kernel is to
 * be given memory to serve: what takes the one capability that is kept.
 */
static int drop_privileges(struct mount *mount)
{
	struct fuse_session *se = mount->fs->se;
	struct fuse_buf buf = { 0 };
	int keep;
	int res;

	do
		res = fuse_session_receive_buf(se, &buf);
	while (res == -EINTR && !fuse_session_exited(se));
	if (res > 0)
		fuse_session_process_buf(se, &buf);
	free(buf.mem);
	if (res < 0 && res != -EINTR)
		return res;
	keep = mount->fs->io == IO_AUTO ? CAP_SYS_ADMIN : -1;
	return privileges_drop(keep);
}

static int said(const struct mount *mount, int err)
{
	fprintf(stderr, "mapfs: %s: %s\n", mount->options->mountpoint,
		strerror(-err));
	return err;
}

/* One request about the root, if there is one; others get no answer. */
static void answer_root(struct fuse_session *se)
{
	struct pollfd fd = { .fd = fuse_session_fd(se), .events = POLLIN };
	bool exited = fuse_session_exited(se);
	struct fuse_buf buf = { 0 };
	const struct fuse_in_header *request;

	if (poll(&fd, 1, 0) <= 0 || fd.revents != POLLIN)
		return;
	/* Or what it reads is thrown away. */
	fuse_session_reset(se);
	if (fuse_session_receive_buf(se, &buf) > 0) {
		request = buf.mem;
		if (request->nodeid == FUSE_ROOT_ID)
			fuse_session_process_buf(se, &buf);
	}
	free(buf.mem);
	if (exited)
		fuse_session_exit(se);
}

/*
 * Who has the root's lock that the notices' thread may be waiting for waits for
 * an answer, and the loop gives none any more.  What its threads had read when
 * they ended cannot be answered: only the kernel can end that.
 */
#define ANSWER_TRIES 40

static void end_notices(struct mount *mount)
{
	int tries = 0;

	while (!notices_end(&mount->fs->notices)) {
		answer_root(mount->fs->se);
		if (++tries == ANSWER_TRIES)
			attendant_abort(mount->attendant);
	}
}

/* The mount is served until it ends. */
static int loop(struct mount *mount, struct fuse_loop_config *config)
{
	pthread_t waiter;
	int res = -pthread_create(&waiter, NULL, wait_ready, mount);

	if (res) {
		end_notices(mount);
		return said(mount, res);
	}
	/*
	 * The number of a signal is an end like umount's, and so is a request
	 * that was being read when the mount went.
	 */
	res = fuse_session_loop_mt(mount->fs->se, config);
	res = res < 0 && res != -ECONNABORTED ? said(mount, res) : 0;
	waits_end(&mount->fs->waits);
	end_notices(mount);
	/* Lets a waiter go that asked a mount which did not answer. */
	end_mount(mount);
	pthread_join(waiter, NULL);
	return res;
}

static int serve(struct mount *mount)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int res;

	if (!config)
		return said(mount, -ENOMEM);
	fuse_loop_cfg_set_max_threads(config, MOUNT_THREADS);
	fuse_loop_cfg_set_idle_threads(config, MOUNT_THREADS_IDLE);
	fuse_loop_cfg_set_clone_fd(config, 0);
	res = notices_start(mount->fs);
	res = res ? said(mount, res) : loop(mount, config);
	fuse_loop_cfg_destroy(config);
	return mount->failed ? -EOPNOTSUPP : res;
}

int mount_serve(struct fs *fs, struct options *options,
		struct attendant *attendant, int ready)
{
	struct mount mount = { fs, options, attendant, ready, false };
	int res = -EIO;

	unmount_dead(options->mountpoint);
	/* See region_seal_write. */
	signal(SIGIO, SIG_IGN);
	fs->se = fuse_session_new(&options->args, &fs_ops, sizeof(fs_ops), fs);
	if (!fs->se)
		return -EINVAL;
	if (fuse_set_signal_handlers(fs->se))
		goto out_destroy;
	if (fuse_session_mount(fs->se, options->mountpoint)) {
		/* libfuse says why, but not that it lacks memory. */
		fprintf(stderr, "mapfs: %s: not mounted\n",
			options->mountpoint);
		goto out_signals;
	}
	res = passthrough_attach(fs->se);
	if (!res)
		res = drop_privileges(&mount);
	res = res ? said(&mount, res) : serve(&mount);
	end_mount(&mount);
out_signals:
	fuse_remove_signal_handlers(fs->se);
out_destroy:
	fuse_session_destroy(fs->se);
	fs->se = NULL;
	return res;
}
