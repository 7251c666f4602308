/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that is not there until another thread has provided it, and that one
 * calls, too: calls that wait for long do not keep others from being answered.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client.h"

#define WAITERS 4
#define PAGE	4096u
#define WAIT_MS 10000

struct provider {
	int uffd;
	int map;
	unsigned char *pages;
};

struct waiter {
	pthread_t thread;
	int map;
	const unsigned char *key;
	long res;
};

static int provider_open(struct provider *provider)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register pages = {
		.range.len = WAITERS * PAGE,
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	provider->uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (provider->uffd < 0)
		return -errno;
	provider->pages = mmap(NULL, WAITERS * PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pages.range.start = ptr(provider->pages);
	if (ioctl(provider->uffd, UFFDIO_API, &api) < 0 ||
	    ioctl(provider->uffd, UFFDIO_REGISTER, &pages) < 0)
		return -errno;
	return 0;
}

static void *wait_for_key(void *arg)
{
	struct waiter *waiter = arg;
	uint64_t value = 0;

	waiter->res = element(BPF_MAP_LOOKUP_ELEM, waiter->map, waiter->key,
			      &value, 0);
	if (!waiter->res)
		waiter->res = (long)value;
	return NULL;
}

/* How many of the pages somebody asks for, before any is provided. */
static int count_faults(const struct provider *provider)
{
	struct pollfd poller = { .fd = provider->uffd, .events = POLLIN };
	bool asked[WAITERS] = { false };
	struct uffd_msg msg;
	uint64_t page;
	int faults = 0;

	while (faults < WAITERS && poll(&poller, 1, WAIT_MS) == 1 &&
	       read(provider->uffd, &msg, sizeof(msg)) == sizeof(msg)) {
		page = (msg.arg.pagefault.address - ptr(provider->pages)) /
		       PAGE;
		faults += !asked[page];
		asked[page] = true;
	}
	return faults;
}

/* All of them zero: so is the key. */
static void provide(const struct provider *provider)
{
	struct uffdio_zeropage zeros = {
		.range.start = ptr(provider->pages),
		.range.len = WAITERS * PAGE,
	};

	ioctl(provider->uffd, UFFDIO_ZEROPAGE, &zeros);
}

void check_provided(void)
{
	struct waiter waiter[WAITERS];
	struct provider provider = { .uffd = -1 };
	uint64_t value = 7;
	uint32_t key = 0;
	int answered = 0;
	int files;
	int err = provider_open(&provider);
	int i;

	if (err) {
		printf("ok - memory that is provided # SKIP userfaultfd: %s\n",
		       strerror(-err));
		return;
	}
	provider.map = new_map(BPF_MAP_TYPE_HASH, 4, 8, 16, 0);
	element(BPF_MAP_UPDATE_ELEM, provider.map, &key, &value, 0);
	for (i = 0; i < WAITERS; i++) {
		waiter[i].map = provider.map;
		waiter[i].key = provider.pages + (unsigned int)i * PAGE;
		pthread_create(&waiter[i].thread, NULL, wait_for_key,
			       &waiter[i]);
	}
	/* Should nobody answer, we end and fail. */
	alarm(3 * WAIT_MS / 1000);
	is("calls that wait for memory", count_faults(&provider), WAITERS);
	value = 0;
	element(BPF_MAP_LOOKUP_ELEM, provider.map, &key, &value, 0);
	is("a call meanwhile", (long)value, 7);
	close(provider.map);
	/* Until that has been seen: the calls alone have the map now. */
	usleep(100000);
	files = parent_files();
	provide(&provider);
	for (i = 0; i < WAITERS; i++) {
		pthread_join(waiter[i].thread, NULL);
		answered += waiter[i].res == 7;
	}
	is("and then they go on", answered, WAITERS);
	alarm(0);
	is("with the last of them the map goes",
	   parent_has(files ? files - 1 : 0), 1);
	munmap(provider.pages, WAITERS * PAGE);
	close(provider.uffd);
}
