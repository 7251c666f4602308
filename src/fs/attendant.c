/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/attendant.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASK_ANSWERS 'a'
#define ASK_UNMOUNT 'u'
#define ASK_ABORT   'f'

void attendant_take_away(const char *where)
{
	const char *argv[] = { "fusermount3", "-uqz", where, NULL };
	extern char **environ;
	pid_t pid;

	if (umount2(where, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		return;
	if (posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv,
			 environ) == 0)
		waitpid(pid, NULL, 0);
}

static bool transfer_one(ssize_t (*transfer)(int fd, char *letter), int fd,
			 char *letter)
{
	ssize_t res;

	do
		res = transfer(fd, letter);
	while (res < 0 && errno == EINTR);
	return res == 1;
}

static ssize_t read_letter(int fd, char *letter)
{
	return recv(fd, letter, 1, 0);
}

static ssize_t write_letter(int fd, char *letter)
{
	return send(fd, letter, 1, MSG_NOSIGNAL);
}

/* The daemon's terminal, directory and descriptors are not ours. */
static void detach(int null)
{
	prctl(PR_SET_NAME, "mapfs-attendant");
	/* Both are told by the terminal; the daemon tells us. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (chdir("/") < 0)
		_exit(1);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	close(null);
}

static void attend(const char *where, int fd, int null)
{
	struct statvfs st;
	char letter;

	detach(null);
	while (transfer_one(read_letter, fd, &letter)) {
		if (letter == ASK_ANSWERS)
			letter = statvfs(where, &st) == 0 ? 'y' : 'n';
		else if (letter == ASK_UNMOUNT)
			attendant_take_away(where);
		else if (letter == ASK_ABORT)
			umount2(where,
				MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW);
		if (!transfer_one(write_letter, fd, &letter))
			break;
	}
	_exit(0);
}

int attendant_start(struct attendant *attendant, const char *where, int ready)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int err = 0;
	int fds[2];

	if (null < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		err = -errno;
		goto out_null;
	}
	attendant->pid = fork();
	if (attendant->pid < 0) {
		err = -errno;
		close(fds[0]);
	} else if (attendant->pid == 0) {
		close(fds[0]);
		if (ready >= 0)
			close(ready);
		attend(where, fds[1], null);
	} else {
		attendant->fd = fds[0];
	}
	close(fds[1]);
out_null:
	close(null);
	return err;
}

static char ask(struct attendant *attendant, char letter)
{
	if (attendant->fd < 0 ||
	    !transfer_one(write_letter, attendant->fd, &letter) ||
	    !transfer_one(read_letter, attendant->fd, &letter))
		return 'n';
	return letter;
}

bool attendant_answers(struct attendant *attendant)
{
	return ask(attendant, ASK_ANSWERS) == 'y';
}

void attendant_unmount(struct attendant *attendant)
{
	ask(attendant, ASK_UNMOUNT);
}

void attendant_abort(struct attendant *attendant)
{
	ask(attendant, ASK_ABORT);
}

void attendant_end(struct attendant *attendant)
{
	if (attendant->fd < 0)
		return;
	close(attendant->fd);
	attendant->fd = -1;
	waitpid(attendant->pid, NULL, 0);
}
