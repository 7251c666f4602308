/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/child.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/filter.h"

/*
 * Signals that are not passed on: those of a fault, those that stop the group
 * and cannot be waited for, and that of a child.
 */
static const int not_passed[] = {
	SIGABRT, SIGBUS,  SIGFPE,  SIGILL,  SIGSEGV, SIGSYS,
	SIGTRAP, SIGTSTP, SIGTTIN, SIGTTOU, SIGIO,
};

static void waited_signals(sigset_t *set)
{
	size_t i;

	sigfillset(set);
	for (i = 0; i < sizeof(not_passed) / sizeof(not_passed[0]); i++)
		sigdelset(set, not_passed[i]);
}

static int send_fd(int channel, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(channel, &msg, 0) == 1 ? 0 : -errno;
}

/* The descriptor, or -EPIPE when the other side has ended without. */
static int receive_fd(int channel)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg;
	ssize_t res;
	int fd;

	do
		res = recvmsg(channel, &msg, MSG_CMSG_CLOEXEC);
	while (res < 0 && errno == EINTR);
	cmsg = res == 1 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -EPIPE;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

static void child_fail(const char *what, int err)
{
	fprintf(stderr, "mapfs-run: %s: %s\n", what, strerror(err));
	_exit(CHILD_FAILED);
}

/*
 * Does bpf(2) come to us?  Another filter that refuses it goes before ours, as
 * in a container that does not permit bpf(2).
 */
static void child_greet(void)
{
	long res = syscall(SYS_bpf, CHILD_HELLO, NULL, 0);

	if (res == CHILD_WELCOME)
		return;
	fprintf(stderr,
		"mapfs-run: bpf(2) is refused here before we are asked (%s): "
		"by the seccomp filter of a container?\n",
		strerror(errno));
	_exit(CHILD_FAILED);
}

static void child_run(int channel, char **argv)
{
	int listener = filter_install();
	int err;

	if (listener < 0)
		child_fail("seccomp", -listener);
	err = send_fd(channel, listener);
	if (err)
		child_fail("handing over the listener", -err);
	close(listener);
	close(channel);
	child_greet();
	execvp(argv[0], argv);
	err = errno;
	fprintf(stderr, "mapfs-run: %s: %s\n", argv[0], strerror(err));
	_exit(err == ENOENT ? CHILD_NO_COMMAND : CHILD_NO_EXEC);
}

int child_start(struct child *child, char **argv)
{
	struct sigaction reap = { .sa_handler = SIG_DFL };
	struct sigaction before;
	sigset_t waited, unblocked;
	int channel[2];
	int err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) < 0)
		goto err_errno;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	waited_signals(&waited);
	sigprocmask(SIG_BLOCK, &waited, &unblocked);
	/* Were it ignored, there would be no status to wait for. */
	sigaction(SIGCHLD, &reap, &before);
	child->pid = fork();
	if (child->pid < 0)
		goto err_errno;
	if (child->pid == 0) {
		sigaction(SIGCHLD, &before, NULL);
		sigprocmask(SIG_SETMASK, &unblocked, NULL);
		close(channel[0]);
		child_run(channel[1], argv);
	}
	close(channel[1]);
	child->listener = receive_fd(channel[0]);
	close(channel[0]);
	/* It has said why. */
	if (child->listener < 0)
		child_exit(child_wait(child));
	return 0;

err_errno:
	err = -errno;
	fprintf(stderr, "mapfs-run: %s\n", strerror(-err));
	return err;
}

/* Everything that has ended; true if it was the command. */
static bool reap_all(pid_t command, int *status)
{
	bool ended = false;
	int one;
	pid_t pid;

	while ((pid = waitpid(-1, &one, WNOHANG)) > 0) {
		if (pid == command) {
			*status = one;
			ended = true;
		}
	}
	return ended;
}

/*
 * What the terminal sends it sends to the whole group, the command included;
 * what somebody sends to us was meant for the command.
 */
int child_wait(const struct child *child)
{
	siginfo_t info;
	sigset_t waited;
	int status = 0;
	int sig;

	waited_signals(&waited);
	for (;;) {
		sig = sigwaitinfo(&waited, &info);
		if (sig == SIGCHLD) {
			if (reap_all(child->pid, &status))
				return status;
		} else if (sig > 0 && info.si_code <= 0) {
			kill(child->pid, sig);
		}
	}
}

void child_exit(int status)
{
	struct rlimit none = { 0, 0 };
	sigset_t all;
	int sig;

	if (WIFEXITED(status))
		exit(WEXITSTATUS(status));
	/* The core, if any, is the command's. */
	sig = WTERMSIG(status);
	setrlimit(RLIMIT_CORE, &none);
	signal(sig, SIG_DFL);
	sigemptyset(&all);
	sigaddset(&all, sig);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	raise(sig);
	exit(128 + sig);
}
