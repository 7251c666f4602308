/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"

#define PAGE  4096u
#define CHUNK 1024u /* pages */

/* Write, without a change, to those pages that are there. */
static void touch_pages(unsigned char *base, size_t pages)
{
	unsigned char there[CHUNK];
	size_t i;

	if (mincore(base, pages * PAGE, there) < 0)
		return;
	for (i = 0; i < pages; i++)
		if (there[i] & 1)
			__atomic_fetch_or(base + i * PAGE, 0, __ATOMIC_RELAXED);
}

int touch_shared(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uint64_t start;
	uint64_t end;
	char line[512];
	char prot[5];

	if (!maps)
		return -errno;
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &start, &end,
			   prot) != 3 ||
		    strcmp(prot, "rw-s") != 0)
			continue;
		for (; start < end; start += CHUNK * PAGE) {
			uint64_t pages = (end - start) / PAGE;

			touch_pages((unsigned char *)(uintptr_t)start,
				    pages < CHUNK ? pages : CHUNK);
		}
	}
	fclose(maps);
	return 0;
}
