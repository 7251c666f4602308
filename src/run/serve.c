/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/memory.h"
#include "run/run.h"
#include "run/status.h"
#include "run/syscalls.h"
#include "run/tables.h"

/*
 * No call waits for another, but one may take long: a batch, or memory that its
 * target has somebody provide.
 */
#define SERVE_THREADS 8

/*
 * Since Linux 6.6: the target is woken on the CPU of who answers, and sleeps
 * meanwhile.
 */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#define NOTIF_SYNC_WAKE_UP 1ul

/* One thread's: seccomp's structs may be larger than our headers know. */
struct server {
	struct run *run;
	struct seccomp_notif *notif;
	struct seccomp_notif_resp *resp;
	char trace[TRACE_MAX];
	struct memory_page page;
	struct tables tables;
};

bool call_valid(const struct call *call)
{
	return ioctl(call->run->listener, SECCOMP_IOCTL_NOTIF_ID_VALID,
		     &call->cookie) == 0;
}

int call_give(struct call *call, int fd, uint32_t flags)
{
	call->give = fd;
	call->give_flags = flags;
	return 0;
}

void call_trace(struct call *call, const char *format, ...)
{
	va_list args;
	size_t len;

	if (!call->trace)
		return;
	len = strlen(call->trace);
	va_start(args, format);
	vsnprintf(call->trace + len, TRACE_MAX - len, format, args);
	va_end(args);
}

/* One write each, so that lines of several threads do not mix. */
void run_tell(const struct run *run, const char *format, ...)
{
	char line[TRACE_MAX + 64];
	va_list args;

	if (!run->verbose)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fprintf(stderr, "mapfs-run: %s\n", line);
}

static void print_trace(const struct call *call, long result)
{
	if (!call->trace || !call->trace[0] || result == CALL_CONTINUE)
		return;
	if (result >= 0)
		fprintf(stderr, "[%d] %s = %ld\n", call->tid, call->trace,
			result);
	else
		fprintf(stderr, "[%d] %s = -1 %s\n", call->tid, call->trace,
			result == -ENOTSUPP ? "ENOTSUPP" :
					      strerrorname_np((int)-result));
}

/*
 * A descriptor of the target's.  Ours is closed before the call is answered: a
 * target that closes its own must find the object gone.
 */
static long give_descriptor(struct call *call)
{
	struct seccomp_notif_addfd addfd = {
		.id = call->cookie,
		.srcfd = (uint32_t)call->give,
		.newfd_flags = call->give_flags,
	};
	long res;

	do
		res = ioctl(call->run->listener, SECCOMP_IOCTL_NOTIF_ADDFD,
			    &addfd);
	while (res < 0 && errno == EINTR);
	if (res < 0)
		res = -errno;
	close(call->give);
	call->give = -1;
	return res;
}

int call_replace(struct call *call, int fd, int with)
{
	struct seccomp_notif_addfd addfd = {
		.id = call->cookie,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = (uint32_t)with,
		.newfd = (uint32_t)fd,
		.newfd_flags = status_close_on_exec(call->tid, fd),
	};
	int res;

	do
		res = ioctl(call->run->listener, SECCOMP_IOCTL_NOTIF_ADDFD,
			    &addfd);
	while (res < 0 && errno == EINTR);
	if (res < 0)
		res = -errno;
	close(with);
	return res < 0 ? res : 0;
}

static void send_answer(const struct server *server, const struct call *call,
			long result)
{
	struct seccomp_notif_resp *resp = server->resp;

	memset(resp, 0, server->run->sizes.seccomp_notif_resp);
	resp->id = call->cookie;
	if (result == CALL_CONTINUE)
		resp->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (result < 0)
		resp->error = (int)result;
	else
		resp->val = result;
	/* ENOENT: it was killed meanwhile. */
	ioctl(call->run->listener, SECCOMP_IOCTL_NOTIF_SEND, resp);
}

static void serve_call(struct server *server)
{
	const struct syscall_entry *entry =
		syscall_find(server->notif->data.nr);
	struct call call = {
		.run = server->run,
		.data = &server->notif->data,
		.cookie = server->notif->id,
		.tid = (pid_t)server->notif->pid,
		.give = -1,
		.trace = server->run->trace ? server->trace : NULL,
		.page = &server->page,
		.tables = &server->tables,
	};
	long result;

	server->trace[0] = '\0';
	server->page.len = 0;
	result = entry ? entry->run(&call) : CALL_CONTINUE;
	if (call.give >= 0)
		result = give_descriptor(&call);
	print_trace(&call, result);
	send_answer(server, &call, result);
}

/* POLLIN: a call is to be received; POLLHUP: nobody is left who could call. */
static bool listener_is(const struct run *run, short event)
{
	struct pollfd poller = { .fd = run->listener, .events = POLLIN };

	return poll(&poller, 1, 0) == 1 && poller.revents & event;
}

static int receive(struct server *server)
{
	struct run *run = server->run;
	int err;

	memset(server->notif, 0, run->sizes.seccomp_notif);
	place_take(&run->place);
	err = ioctl(run->listener, SECCOMP_IOCTL_NOTIF_RECV, server->notif) <
			      0 ?
		      -errno :
		      0;
	place_leave(&run->place);
	return err;
}

static void server_free(struct server *server)
{
	tables_release(&server->tables);
	free(server->notif);
	free(server->resp);
	free(server);
}

static void *serve(void *arg)
{
	struct server *server = arg;
	struct run *run = server->run;
	int err;

	for (;;) {
		err = receive(server);
		if (!err) {
			if (listener_is(run, POLLIN))
				place_fill(&run->place);
			serve_call(server);
			continue;
		}
		/* ENOENT: it was killed before it was received. */
		if (err != -EINTR &&
		    (err != -ENOENT || listener_is(run, POLLHUP)))
			break;
	}
	server_free(server);
	return NULL;
}

static struct server *server_new(struct run *run)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server)
		return NULL;
	server->run = run;
	server->notif = calloc(1, run->sizes.seccomp_notif);
	server->resp = calloc(1, run->sizes.seccomp_notif_resp);
	if (server->notif && server->resp)
		return server;
	server_free(server);
	return NULL;
}

static int server_start(struct run *run)
{
	struct server *server = server_new(run);
	pthread_t thread;
	int err;

	if (!server)
		return -ENOMEM;
	err = pthread_create(&thread, NULL, serve, server);
	if (!err)
		pthread_detach(thread);
	return -err;
}

int serve_start(struct run *run)
{
	int err;
	int i;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &run->sizes) < 0)
		return -errno;
	/* Of older kernels ours are larger. */
	if (run->sizes.seccomp_notif < sizeof(struct seccomp_notif))
		run->sizes.seccomp_notif = sizeof(struct seccomp_notif);
	if (run->sizes.seccomp_notif_resp < sizeof(struct seccomp_notif_resp))
		run->sizes.seccomp_notif_resp =
			sizeof(struct seccomp_notif_resp);
	ioctl(run->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, NOTIF_SYNC_WAKE_UP);
	err = place_init(&run->place);
	for (i = 0; i < SERVE_THREADS && !err; i++)
		err = server_start(run);
	return err;
}
