/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * atomic-add FILE ENTRIES RECORD_SIZE INDEX COUNT
 *
 * Map an elements file and add 1 to element INDEX, COUNT times, as the users
 * of mapfs/array.h do.
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mapfs/array.h"

static unsigned long number(const char *word)
{
	char *end;
	unsigned long value = strtoul(word, &end, 0);

	if (!*word || *end)
		errx(2, "'%s' is no number", word);
	return value;
}

int main(int argc, char **argv)
{
	struct mapfs_array array;
	unsigned long entries;
	unsigned long record;
	unsigned long count;
	uint64_t *element;
	void *base;
	int fd;

	if (argc != 6)
		errx(2,
		     "usage: atomic-add FILE ENTRIES RECORD_SIZE INDEX COUNT");
	entries = number(argv[2]);
	record = number(argv[3]);
	count = number(argv[5]);
	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		err(1, "open %s", argv[1]);
	base = mmap(NULL, entries * record, PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);
	if (base == MAP_FAILED)
		err(1, "mmap %s", argv[1]);
	close(fd);
	array = (struct mapfs_array)MAPFS_ARRAY(base, (uint32_t)entries,
						(uint32_t)record);
	element = mapfs_array_lookup(&array, (uint32_t)number(argv[4]));
	if (!element)
		errx(1, "%s: no such element", argv[4]);
	while (count--)
		__atomic_fetch_add(element, 1, __ATOMIC_RELAXED);
	return 0;
}
