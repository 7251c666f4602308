/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/memory.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "run/run.h"

/* The kernel moves no more in one call. */
#define MOVE_MAX 0x7ffff000u

typedef ssize_t (*move_t)(pid_t pid, const struct iovec *local,
			  unsigned long locals, const struct iovec *remote,
			  unsigned long remotes, unsigned long flags);

static size_t move(const struct call *call, move_t mover, uint64_t addr,
		   void *buf, size_t len)
{
	struct iovec local, remote;
	size_t done = 0;
	ssize_t res;

	while (done < len) {
		local.iov_base = (char *)buf + done;
		local.iov_len = len - done < MOVE_MAX ? len - done : MOVE_MAX;
		remote.iov_base = (void *)(uintptr_t)(addr + done);
		remote.iov_len = local.iov_len;
		res = mover(call->tid, &local, 1, &remote, 1, 0);
		if (res <= 0)
			break;
		done += (size_t)res;
	}
	return done;
}

size_t memory_read_some(const struct call *call, uint64_t addr, void *buf,
			size_t len)
{
	return move(call, process_vm_readv, addr, buf, len);
}

void memory_look(const struct call *call, uint64_t addr)
{
	struct memory_page *page = call->page;

	page->addr = addr - addr % MEMORY_PAGE;
	page->len =
		memory_read_some(call, page->addr, page->bytes, MEMORY_PAGE);
	if (page->len < MEMORY_PAGE || !call_valid(call))
		page->len = 0;
}

static bool is_in(const struct memory_page *page, uint64_t addr, size_t len)
{
	return addr >= page->addr && addr - page->addr <= page->len &&
	       len <= page->len - (addr - page->addr);
}

/* Valid afterwards, so it was the target's memory all the time. */
int memory_read(const struct call *call, uint64_t addr, void *buf, size_t len)
{
	size_t done;

	/* Valid after it was looked at. */
	if (is_in(call->page, addr, len)) {
		memcpy(buf, call->page->bytes + (addr - call->page->addr), len);
		return 0;
	}
	done = memory_read_some(call, addr, buf, len);
	if (!call_valid(call))
		return -ESRCH;
	return done == len ? 0 : -EFAULT;
}

/*
 * Valid before: that it was valid afterwards would come too late.  A write goes
 * to a number.  What goes to a process is an open /proc/PID/mem alone, and to
 * open it each time costs more than to read all that a call needs; one that is
 * kept may be of what the process was before exec, which others can share.
 *
 * To hit another process, this had to happen between two system calls of ours,
 * one right after the other: the target is killed, ends and is reaped, and a
 * process is made that gets just its number, of all that the kernel counts
 * through.  That process had to be one which our user may trace.
 */
int memory_write(const struct call *call, uint64_t addr, const void *buf,
		 size_t len)
{
	call->page->len = 0;
	if (!call_valid(call))
		return -ESRCH;
	if (move(call, process_vm_writev, addr, (void *)(uintptr_t)buf, len) !=
	    len)
		return -EFAULT;
	return 0;
}

int memory_read_string(const struct call *call, uint64_t addr, char *buf,
		       size_t size)
{
	size_t done = memory_read_some(call, addr, buf, size);

	if (!call_valid(call))
		return -ESRCH;
	if (memchr(buf, '\0', done))
		return 0;
	return done == size ? -ENAMETOOLONG : -EFAULT;
}

int memory_check_zero(const struct call *call, uint64_t addr, size_t len)
{
	unsigned char bytes[256];
	size_t part, i;
	int err;

	for (; len; len -= part, addr += part) {
		part = len < sizeof(bytes) ? len : sizeof(bytes);
		err = memory_read(call, addr, bytes, part);
		if (err)
			return err;
		for (i = 0; i < part; i++)
			if (bytes[i])
				return -E2BIG;
	}
	return 0;
}

int memory_copy(const struct call *call, uint64_t addr, size_t len, void **buf)
{
	void *copy = malloc(len ? len : 1);
	int err;

	if (!copy)
		return -ENOMEM;
	err = memory_read(call, addr, copy, len);
	if (err) {
		free(copy);
		return err;
	}
	*buf = copy;
	return 0;
}
