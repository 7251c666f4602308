/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory of the target that waits in a call.  Each address is the target's
 * and may be anything; what is read is a private copy, and a read or write
 * counts only if the call was still valid: else -ESRCH, and the answer goes
 * nowhere.  -EFAULT: some of the bytes are not there.
 */
#ifndef RUN_MEMORY_H
#define RUN_MEMORY_H

#include <stddef.h>
#include <stdint.h>

struct call;

/* Divides the pages of every kernel. */
#define MEMORY_PAGE 4096u

/* What was read of the target's for the call that is served. */
struct memory_page {
	uint64_t addr;
	size_t len; /* MEMORY_PAGE, or 0: nothing */
	unsigned char bytes[MEMORY_PAGE];
};

/*
 * Read the page around 'addr', and memory_read need not ask for what is in it
 * until something is written: what a target gives us is often side by side.
 */
void memory_look(const struct call *call, uint64_t addr);

int memory_read(const struct call *call, uint64_t addr, void *buf, size_t len);
int memory_write(const struct call *call, uint64_t addr, const void *buf,
		 size_t len);

/* As many bytes as there are; never an error. */
size_t memory_read_some(const struct call *call, uint64_t addr, void *buf,
			size_t len);

/* A string of less than 'size' bytes; -ENAMETOOLONG if it is longer. */
int memory_read_string(const struct call *call, uint64_t addr, char *buf,
		       size_t size);

/* 'len' bytes that must be zero: 0, -E2BIG if one is not, or as above. */
int memory_check_zero(const struct call *call, uint64_t addr, size_t len);

/*
 * A new copy of 'len' bytes, which the caller frees: 0, -ENOMEM, or as above.
 */
int memory_copy(const struct call *call, uint64_t addr, size_t len, void **buf);

#endif
