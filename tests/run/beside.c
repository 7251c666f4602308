/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that are in each other's way, and what is left of many maps. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"

#define MADE   300
#define TRIED  5
#define MAPPED 50
#define PAGE   4096u

static atomic_bool stop;

static int by_id(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_id = id;
	return bpf(BPF_MAP_GET_FD_BY_ID, &attr, 12);
}

/* Opens what there is by its ids, again and again. */
static void *look_at_ids(void *arg)
{
	union bpf_attr attr;
	int fd;

	while (!stop) {
		memset(&attr, 0, sizeof(attr));
		while (!bpf(BPF_MAP_GET_NEXT_ID, &attr, 12)) {
			fd = by_id(attr.next_id);
			if (fd >= 0)
				close(fd);
			attr.start_id = attr.next_id;
			attr.next_id = 0;
		}
	}
	return arg;
}

/* Each map can be made and is gone when it is closed, whoever looks. */
static void check_looked_at(void)
{
	pthread_t looker;
	int made = 0, i, fd;

	stop = false;
	pthread_create(&looker, NULL, look_at_ids, NULL);
	for (i = 0; i < MADE; i++) {
		fd = new_map(BPF_MAP_TYPE_ARRAY, 4, 4, 4, 0);
		made += fd >= 0;
		close(fd);
	}
	stop = true;
	pthread_join(looker, NULL);
	is("maps that are looked at while they are made", made, MADE);
}

/* Closed, a map has no id any more. */
static void check_closed(void)
{
	uint32_t id[MADE];
	int fd[MADE];
	int left = 0, i;

	for (i = 0; i < MADE; i++) {
		fd[i] = new_map(BPF_MAP_TYPE_ARRAY, 4, 4, 4, 0);
		id[i] = id_of(fd[i]);
	}
	for (i = 0; i < MADE; i++)
		close(fd[i]);
	usleep(12000);
	for (i = 0; i < MADE; i++) {
		fd[i] = by_id(id[i]);
		left += fd[i] != -ENOENT;
		if (fd[i] >= 0)
			close(fd[i]);
	}
	is("of many that were closed at once none is left", left, 0);
}

struct lookup {
	int fd;
	atomic_int done;
	int bad;
};

static void *look_up(void *arg)
{
	struct lookup *lookup = arg;
	uint32_t key = 1, value;

	while (!stop) {
		lookup->bad += element(BPF_MAP_LOOKUP_ELEM, lookup->fd, &key,
				       &value, 0) != 0;
		lookup->done++;
	}
	return NULL;
}

/* A map that is mapped cannot be frozen, and nobody notices that it was tried.
 */
static void check_freezes(void)
{
	int fd = new_map(BPF_MAP_TYPE_ARRAY, 4, 4, 4, BPF_F_MMAPABLE);
	void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	struct lookup lookup = { .fd = dup(fd) };
	int busy = 0, i;
	union bpf_attr attr;
	pthread_t other;

	stop = false;
	pthread_create(&other, NULL, look_up, &lookup);
	while (!lookup.done)
		usleep(100);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	for (i = 0; i < TRIED; i++)
		busy += bpf(BPF_MAP_FREEZE, &attr, 4) == -EBUSY;
	stop = true;
	pthread_join(other, NULL);
	is("a map that is mapped is not frozen", busy, TRIED);
	is("lookups beside", lookup.bad, 0);
	munmap(at, PAGE);
	close(lookup.fd);
	close(fd);
}

/* inotify(7)'s watches of the parent, which is the runner where there is one.
 */
static int parent_watches(void)
{
	char path[64], line[256];
	int count = 0, fd;
	FILE *info;

	for (fd = 0; fd < 64; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d",
			 (int)getppid(), fd);
		info = fopen(path, "r");
		if (!info)
			continue;
		while (fgets(line, sizeof(line), info))
			count += !strncmp(line, "inotify wd", 10);
		fclose(info);
	}
	return count;
}

static void check_watches(void)
{
	int before = parent_watches(), tries = 2000, i, fd;
	void *at;

	for (i = 0; i < MAPPED; i++) {
		fd = new_map(BPF_MAP_TYPE_ARRAY, 4, 4, 4, BPF_F_MMAPABLE);
		at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
		munmap(at, PAGE);
		close(fd);
	}
	while (parent_watches() > before && tries--)
		usleep(1000);
	is("nothing is watched that is not there", parent_watches() <= before,
	   1);
}

void check_beside(void)
{
	check_looked_at();
	check_closed();
	check_freezes();
	check_watches();
}
