/* SPDX-License-Identifier: BSD-2-Clause */
/* See fault.h.  This is for glibc. */
#include "fault.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* libc's own, which can be called before anything is set up. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

static struct fault *fault;

/* The functions that we stand in for. */
static struct {
	int (*open)(const char *path, int flags, ...);
	FILE *(*fopen)(const char *path, const char *mode);
	void *(*mmap)(void *at, size_t size, int prot, int flags, int fd,
		      off_t off);
	int (*memfd_create)(const char *name, unsigned int flags);
	int (*fcntl)(int fd, int command, ...);
	int (*pipe2)(int fds[2], int flags);
	int (*pthread_create)(pthread_t *thread, const pthread_attr_t *attr,
			      void *(*start)(void *), void *arg);
} real;

static void find_real(void)
{
	/* Not when one of them is called: dlsym takes memory itself. */
	if (real.open)
		return;
	*(void **)&real.fopen = dlsym(RTLD_NEXT, "fopen");
	*(void **)&real.mmap = dlsym(RTLD_NEXT, "mmap");
	*(void **)&real.memfd_create = dlsym(RTLD_NEXT, "memfd_create");
	*(void **)&real.fcntl = dlsym(RTLD_NEXT, "fcntl");
	*(void **)&real.pipe2 = dlsym(RTLD_NEXT, "pipe2");
	*(void **)&real.pthread_create = dlsym(RTLD_NEXT, "pthread_create");
	*(void **)&real.open = dlsym(RTLD_NEXT, "open");
}

/* Where the code of the daemon and of libc is. */
struct range {
	uintptr_t start;
	uintptr_t end;
};

#define RANGES 2u
static struct range ours[RANGES];

/* Addresses of blocks that they have: 0 is empty, 1 was one. */
#define BLOCKS (1u << 16)
static _Atomic uintptr_t block[BLOCKS];

static int note_range(struct dl_phdr_info *info, size_t size, void *arg)
{
	bool *main_seen = arg;
	struct range *range = NULL;
	uintptr_t start;
	int i;

	(void)size;
	if (!*main_seen)
		range = &ours[0];
	else if (strstr(info->dlpi_name, "/libc.so"))
		range = &ours[1];
	*main_seen = true;
	for (i = 0; range && i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];

		if (header->p_type != PT_LOAD || !(header->p_flags & PF_X))
			continue;
		start = info->dlpi_addr + header->p_vaddr;
		*range = (struct range){ start, start + header->p_memsz };
	}
	return 0;
}

__attribute__((constructor)) static void fault_init(void)
{
	const char *path = getenv(FAULT_VARIABLE);
	bool main_seen = false;
	void *shared;
	int fd;

	find_real();
	fd = path ? real.open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	dl_iterate_phdr(note_range, &main_seen);
	shared = real.mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE,
			   MAP_SHARED, fd, 0);
	close(fd);
	if (shared != MAP_FAILED)
		fault = shared;
}

static bool is_ours(void *caller)
{
	uintptr_t at = (uintptr_t)caller;
	size_t i;

	for (i = 0; i < RANGES; i++)
		if (at >= ours[i].start && at < ours[i].end)
			return true;
	return false;
}

static bool fails(const char *what, void *caller, int error)
{
	uint32_t nth, seen;

	if (!fault)
		return false;
	nth = atomic_load(&fault->nth);
	if (!nth || (!atomic_load(&fault->all) && !is_ours(caller)))
		return false;
	seen = atomic_fetch_add(&fault->seen, 1) + 1;
	if (seen < nth || (seen > nth && !atomic_load(&fault->lasting)))
		return false;
	if (seen == nth)
		snprintf(fault->what, sizeof(fault->what), "%s", what);
	errno = error;
	return true;
}

#define FAILS(error) fails(__func__, __builtin_return_address(0), error)

/* ---------------------------------------------------------------- memory */

static uint32_t place(const void *address)
{
	return (uint32_t)((uintptr_t)address * 0x9e3779b97f4a7c15u >> 48) %
	       BLOCKS;
}

static void *note(void *address, void *caller)
{
	uint32_t at = place(address);
	uint32_t i;

	if (!address || !fault || !is_ours(caller))
		return address;
	for (i = 0; i < BLOCKS; i++, at = (at + 1) % BLOCKS) {
		uintptr_t was = atomic_load(&block[at]);

		if (was > 1 || !atomic_compare_exchange_strong(
				       &block[at], &was, (uintptr_t)address))
			continue;
		atomic_fetch_add(&fault->blocks, 1);
		return address;
	}
	atomic_fetch_add(&fault->lost, 1);
	return address;
}

static void forget(const void *address)
{
	uint32_t at = place(address);
	uintptr_t was;
	uint32_t i;

	if (!address || !fault)
		return;
	for (i = 0; i < BLOCKS; i++, at = (at + 1) % BLOCKS) {
		was = atomic_load(&block[at]);
		if (!was)
			return;
		if (was != (uintptr_t)address)
			continue;
		atomic_store(&block[at], 1);
		atomic_fetch_sub(&fault->blocks, 1);
		return;
	}
}

void *malloc(size_t size)
{
	if (FAILS(ENOMEM))
		return NULL;
	return note(__libc_malloc(size), __builtin_return_address(0));
}

void *calloc(size_t count, size_t size)
{
	if (FAILS(ENOMEM))
		return NULL;
	return note(__libc_calloc(count, size), __builtin_return_address(0));
}

void *realloc(void *address, size_t size)
{
	void *moved;

	if (FAILS(ENOMEM))
		return NULL;
	/* Before: when it is freed another thread may get the same address. */
	forget(address);
	moved = __libc_realloc(address, size);
	note(moved || !size ? moved : address, __builtin_return_address(0));
	return moved;
}

void free(void *address)
{
	forget(address);
	__libc_free(address);
}

void *mmap(void *at, size_t size, int prot, int flags, int fd, off_t off)
{
	find_real();
	if (FAILS(ENOMEM))
		return MAP_FAILED;
	return real.mmap(at, size, prot, flags, fd, off);
}

void *mmap64(void *at, size_t size, int prot, int flags, int fd, off_t off)
	__attribute__((alias("mmap")));

/* ----------------------------------------------------------- descriptors */

int open(const char *path, int flags, ...)
{
	mode_t mode;
	va_list args;

	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	find_real();
	if (FAILS(EMFILE))
		return -1;
	return real.open(path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

FILE *fopen(const char *path, const char *mode)
{
	find_real();
	if (FAILS(EMFILE))
		return NULL;
	return real.fopen(path, mode);
}

FILE *fopen64(const char *path, const char *mode)
	__attribute__((alias("fopen")));

int memfd_create(const char *name, unsigned int flags)
{
	find_real();
	if (FAILS(EMFILE))
		return -1;
	return real.memfd_create(name, flags);
}

/* Every command of it has an int or nothing behind it here. */
int fcntl(int fd, int command, ...)
{
	va_list args;
	long arg;

	va_start(args, command);
	arg = va_arg(args, long);
	va_end(args);
	find_real();
	if (command == F_DUPFD_CLOEXEC && FAILS(EMFILE))
		return -1;
	return real.fcntl(fd, command, arg);
}

int fcntl64(int fd, int command, ...) __attribute__((alias("fcntl")));

int pipe2(int fds[2], int flags)
{
	find_real();
	if (FAILS(EMFILE))
		return -1;
	return real.pipe2(fds, flags);
}

/* ---------------------------------------------------------------- threads */

int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
		   void *(*start)(void *), void *arg)
{
	int error = errno;

	find_real();
	if (FAILS(EAGAIN)) {
		errno = error;
		return EAGAIN;
	}
	return real.pthread_create(thread, attr, start, arg);
}
