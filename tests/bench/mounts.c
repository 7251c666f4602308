/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mounts: a daemon for each io mode, as our child in the foreground.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define START_MS 10000
#define STOP_MS	 10000

const char *const mode_names[MODES] = {
	[WHO_PASSTHROUGH] = "passthrough",
	[WHO_SYMLINK] = "symlink",
	[WHO_CACHED] = "cached",
	[WHO_DAEMON] = "daemon",
};

/* Become 'argv'.  Our end, however it comes, is the program's. */
static void exec_program(const char *path, char *const *argv, int out, int err,
			 pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Ctrl-C is for us, who then unmount in order. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(err, STDERR_FILENO) < 0)
		_exit(127);
	execvp(path, argv);
	dprintf(STDERR_FILENO, "%s: %s\n", path, strerror(errno));
	_exit(127);
}

pid_t bench_spawn(const char *path, char *const *argv, int out, int err)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid == 0)
		exec_program(path, argv, out, err, parent);
	return pid < 0 ? -errno : pid;
}

/* The next line, without its newline; empty when none comes in time. */
static void read_line(int fd, int timeout, char *line, size_t size)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	size_t len = 0;

	while (len < size - 1 && poll(&wait, 1, timeout) > 0 &&
	       read(fd, line + len, 1) == 1 && line[len] != '\n')
		len++;
	line[len] = '\0';
}

static void daemon_end(struct mount *mount)
{
	unsigned int waited = 0;

	kill(mount->pid, SIGTERM);
	while (waitpid(mount->pid, NULL, WNOHANG) == 0) {
		if (waited == STOP_MS)
			kill(mount->pid, SIGKILL);
		usleep(1000);
		waited++;
	}
	mount->pid = 0;
}

/* What a daemon that died without unmounting has left. */
static void unmount_dead(const struct mount *mount)
{
	char *argv[] = { (char *)"fusermount3", (char *)"-uz",
			 (char *)mount->path, NULL };
	pid_t pid;

	if (umount2(mount->path, MNT_DETACH) == 0)
		return;
	pid = bench_spawn(argv[0], argv, STDOUT_FILENO, STDERR_FILENO);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void mount_stop(struct mount *mount)
{
	char line[256];

	if (!mount->path[0])
		return;
	if (mount->pid)
		daemon_end(mount);
	if (rmdir(mount->path) < 0) {
		unmount_dead(mount);
		if (rmdir(mount->path) < 0)
			fprintf(stderr, "bench: %s: %s\n", mount->path,
				strerror(errno));
	}
	/* Nothing is said by a daemon that is well. */
	for (;;) {
		read_line(mount->err, 0, line, sizeof(line));
		if (!line[0])
			break;
		fprintf(stderr, "bench: %s: %s\n", mount->path, line);
	}
	close(mount->out);
	close(mount->err);
	mount->path[0] = '\0';
}

static int mount_start(struct bench *bench, enum who mode, char *why,
		       size_t why_size)
{
	struct mount *mount = &bench->mounts[mode];
	char option[32];
	char expected[64];
	char line[PATH_MAX + 64];
	char *argv[] = { (char *)bench->mapfs, (char *)"-f", option,
			 mount->path, NULL };
	int out[2];
	int err[2];

	if (mkdir(mount->path, 0700) < 0)
		return -errno;
	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(err, O_CLOEXEC) < 0) {
		close(out[0]);
		close(out[1]);
		return -errno;
	}
	snprintf(option, sizeof(option), "-oio=%s", mode_names[mode]);
	mount->pid = bench_spawn(argv[0], argv, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	mount->out = out[0];
	mount->err = err[0];
	if (mount->pid < 0) {
		mount->pid = 0;
		return -EAGAIN;
	}
	read_line(mount->out, START_MS, line, sizeof(line));
	snprintf(expected, sizeof(expected), ": mounted, io=%s",
		 mode_names[mode]);
	if (strstr(line, expected))
		return 0;
	if (!line[0])
		read_line(mount->err, 0, line, sizeof(line));
	snprintf(why, why_size, "%.200s", line[0] ? line : "no answer");
	return -EOPNOTSUPP;
}

/* A mode that is not to be had takes no part, and its reason is kept. */
void mounts_start(struct bench *bench)
{
	enum who mode;
	char *why;
	int err;

	for (mode = 0; mode < MODES; mode++) {
		struct mount *mount = &bench->mounts[mode];

		mount->out = -1;
		mount->err = -1;
		why = bench->left_out[mode];
		snprintf(mount->path, sizeof(mount->path), "%s/%s", bench->dir,
			 mode_names[mode]);
		err = mount_start(bench, mode, why,
				  sizeof(bench->left_out[mode]));
		if (err && !why[0])
			snprintf(why, sizeof(bench->left_out[mode]), "%s",
				 strerror(-err));
		if (err)
			mount_stop(mount);
	}
}

void mounts_stop(struct bench *bench)
{
	enum who mode;

	for (mode = 0; mode < MODES; mode++)
		mount_stop(&bench->mounts[mode]);
}

/* "libfuse 3.14.0, ...": the second line of mapfs --version. */
int mounts_version(struct bench *bench)
{
	char *argv[] = { (char *)bench->mapfs, (char *)"--version", NULL };
	char line[sizeof(bench->version)];
	int status = 1;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = bench_spawn(argv[0], argv, fds[1], STDERR_FILENO);
	close(fds[1]);
	read_line(fds[0], START_MS, line, sizeof(line));
	read_line(fds[0], START_MS, bench->version, sizeof(bench->version));
	close(fds[0]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	return status ? -ENOEXEC : 0;
}
