/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which process this is, at the cost of a load: a page that the kernel wipes
 * in a child (MADV_WIPEONFORK) says whether there was a fork.
 *
 * A process that changes a table has a number of its own there, an owner,
 * given by the daemon for as long as a ctl file is open: when the process is
 * killed the kernel closes the file, and the daemon knows.  A child gets one
 * before its first change, and closes its descriptor of the parent's file.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/lib.h"

static atomic_uint *page;
static atomic_uint last;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t lock_once = PTHREAD_ONCE_INIT;

static void take_lock(void)
{
	pthread_mutex_lock(&lock);
}

static void watch_forks(void)
{
	pthread_atfork(take_lock, lib_unlock, lib_unlock);
}

void lib_lock(void)
{
	pthread_once(&lock_once, watch_forks);
	take_lock();
}

void lib_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

static void make_page(void)
{
	void *new = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (new == MAP_FAILED)
		return;
	if (madvise(new, 4096, MADV_WIPEONFORK) < 0) {
		munmap(new, 4096);
		return;
	}
	page = new;
}

/* 'last' is inherited, so a child's number is none that it has seen. */
uint32_t lib_process(void)
{
	unsigned int zero = 0;
	unsigned int now;

	pthread_once(&once, make_page);
	/* No such page: the process id serves, at the cost of a call. */
	if (!page)
		return (uint32_t)getpid();
	now = atomic_load_explicit(page, memory_order_relaxed);
	if (now)
		return now;
	atomic_compare_exchange_strong(page, &zero,
				       atomic_fetch_add(&last, 1) + 1);
	return atomic_load(page);
}

/* A number from the daemon or, if it is gone, from the table itself. */
static int take_number(struct mapfs_map *map, uint32_t *owner)
{
	int fd = openat(map->dir, "ctl", O_RDWR | O_CLOEXEC);
	int err = 0;

	if (fd >= 0 && ioctl(fd, MAPFS_IOC_OWNER, owner) < 0)
		err = -errno;
	else if (fd < 0 && errno != ENOTCONN && errno != ENOENT)
		err = -errno;
	if (map->ctl >= 0)
		close(map->ctl);
	map->ctl = fd;
	if (!err && fd < 0)
		err = map_owner_get(map->core, owner);
	return err;
}

/* First, so that the close of the file is not taken for a death. */
void lib_leave(struct mapfs_map *map)
{
	if (!map->core || !map->owner ||
	    atomic_load(&map->process) != lib_process())
		return;
	if (map->ctl < 0 || ioctl(map->ctl, MAPFS_IOC_LEAVE) < 0)
		map_owner_end(map->core, map->owner, true);
	map->owner = 0;
}

int lib_join(struct mapfs_map *map)
{
	uint32_t process = lib_process();
	uint32_t owner;
	int err = 0;

	if (atomic_load_explicit(&map->process, memory_order_acquire) ==
	    process)
		return 0;
	lib_lock();
	if (atomic_load(&map->process) != process) {
		err = take_number(map, &owner);
		if (!err) {
			map_owner_set(map->core, owner);
			map->owner = owner;
			atomic_store(&map->process, process);
		}
	}
	lib_unlock();
	return err;
}
