/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program of bpf(2) that does what a test tells it to, a command a line on
 * standard input, and answers each with a line: a number, "ok", or the text of
 * the errno.  F is one of the slots 0 to 7, each for a descriptor and a mapping
 * of it.
 *
 *	new F TYPE ENTRIES FLAGS NAME
 *				a map with keys and values of 4 bytes, or a ring
 *	get F PATH [FLAGS]	pin F PATH
 *	unlink PATH		mkdir PATH
 *	id F			next ID: the id behind it
 *	byid F ID
 *	update F KEY VALUE	lookup F KEY
 *	freeze F		close F
 *	map F r|rw		unmap F: its first page
 *	load F INDEX		store F INDEX VALUE: of 4 bytes there
 *	watch F, unwatch F	in one epoll(7)
 *	ready MS		how many of those are, after at most so long
 *	quit
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"

#define SLOTS 8
#define PAGE  4096u
#define WORDS 5

static int files[SLOTS];
static uint32_t *maps[SLOTS];
static int watched;

/* Words behind the verb; those that are not there are empty. */
static char words[WORDS][256];

static uint32_t number(int word)
{
	return (uint32_t)strtoul(words[word], NULL, 0);
}

static uint32_t slot(void)
{
	return number(0) % SLOTS;
}

static int file(void)
{
	return files[slot()];
}

static int result(long res)
{
	return res < 0 ? -errno : (int)res;
}

/* A descriptor for the slot. */
static int keep(int fd)
{
	files[slot()] = fd;
	return fd < 0 ? fd : 0;
}

static int do_new(void)
{
	uint32_t type = number(1);
	uint32_t size = type == BPF_MAP_TYPE_RINGBUF ? 0 : 4;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = size;
	attr.value_size = size;
	attr.max_entries = number(2);
	attr.map_flags = number(3);
	snprintf(attr.map_name, sizeof(attr.map_name), "%.15s", words[4]);
	return keep(bpf_whole(BPF_MAP_CREATE, &attr));
}

static int by_path(int command, int fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = ptr(words[1]);
	attr.bpf_fd = (uint32_t)fd;
	if (command == BPF_OBJ_GET)
		attr.file_flags = number(2);
	return bpf(command, &attr, 16);
}

static int do_get(void)
{
	return keep(by_path(BPF_OBJ_GET, 0));
}

static int do_pin(void)
{
	return by_path(BPF_OBJ_PIN, file());
}

static int do_unlink(void)
{
	return result(unlink(words[0]));
}

static int do_mkdir(void)
{
	return result(mkdir(words[0], 0700));
}

static int do_id(void)
{
	return (int)id_of(file());
}

static int do_next(void)
{
	union bpf_attr attr;
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.start_id = number(0);
	err = bpf(BPF_MAP_GET_NEXT_ID, &attr, 12);
	return err ? err : (int)attr.next_id;
}

static int do_byid(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_id = number(1);
	return keep(bpf(BPF_MAP_GET_FD_BY_ID, &attr, 12));
}

static int do_update(void)
{
	uint32_t key = number(1), value = number(2);

	return element(BPF_MAP_UPDATE_ELEM, file(), &key, &value, 0);
}

static int do_lookup(void)
{
	uint32_t key = number(1), value = 0;
	int err = element(BPF_MAP_LOOKUP_ELEM, file(), &key, &value, 0);

	return err ? err : (int)value;
}

static int do_freeze(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)file();
	return bpf(BPF_MAP_FREEZE, &attr, 4);
}

static int do_close(void)
{
	return result(close(file()));
}

static int do_map(void)
{
	int prot = strcmp(words[1], "rw") ? PROT_READ : PROT_READ | PROT_WRITE;
	void *at = mmap(NULL, PAGE, prot, MAP_SHARED, file(), 0);

	if (at == MAP_FAILED)
		return -errno;
	maps[slot()] = at;
	return 0;
}

static int do_unmap(void)
{
	return result(munmap(maps[slot()], PAGE));
}

static int do_load(void)
{
	return (int)maps[slot()][number(1)];
}

static int do_store(void)
{
	maps[slot()][number(1)] = number(2);
	return 0;
}

static int do_watch(void)
{
	struct epoll_event event = { .events = EPOLLIN };

	return result(epoll_ctl(watched, EPOLL_CTL_ADD, file(), &event));
}

static int do_unwatch(void)
{
	return result(epoll_ctl(watched, EPOLL_CTL_DEL, file(), NULL));
}

static int do_ready(void)
{
	struct epoll_event events[SLOTS];

	return result(epoll_wait(watched, events, SLOTS, (int)number(0)));
}

static const struct verb {
	const char *name;
	int (*run)(void);
	bool number; /* what comes back is one, and 0 too */
} verbs[] = {
	{ "new", do_new, 0 },	    { "get", do_get, 0 },
	{ "pin", do_pin, 0 },	    { "unlink", do_unlink, 0 },
	{ "mkdir", do_mkdir, 0 },   { "id", do_id, 1 },
	{ "next", do_next, 1 },	    { "byid", do_byid, 0 },
	{ "update", do_update, 0 }, { "lookup", do_lookup, 1 },
	{ "freeze", do_freeze, 0 }, { "close", do_close, 0 },
	{ "map", do_map, 0 },	    { "unmap", do_unmap, 0 },
	{ "load", do_load, 1 },	    { "store", do_store, 0 },
	{ "watch", do_watch, 0 },   { "unwatch", do_unwatch, 0 },
	{ "ready", do_ready, 1 },
};

static void run(const char *name)
{
	const struct verb *verb = verbs;
	int res;

	while (verb < verbs + sizeof(verbs) / sizeof(verbs[0]) &&
	       strcmp(verb->name, name) != 0)
		verb++;
	if (verb == verbs + sizeof(verbs) / sizeof(verbs[0])) {
		puts("no such command");
		return;
	}
	res = verb->run();
	if (res < 0)
		puts(res == -KERNEL_ENOTSUPP ? "ENOTSUPP" : strerror(-res));
	else if (verb->number)
		printf("%d\n", res);
	else
		puts("ok");
}

int main(void)
{
	char line[1024], name[32];

	watched = epoll_create1(EPOLL_CLOEXEC);
	while (fgets(line, sizeof(line), stdin)) {
		memset(words, 0, sizeof(words));
		if (sscanf(line, "%31s %255s %255s %255s %255s %255s", name,
			   words[0], words[1], words[2], words[3],
			   words[4]) < 1)
			continue;
		if (strcmp(name, "quit") == 0)
			return 0;
		run(name);
		fflush(stdout);
	}
	return 0;
}
