/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counter - hits counted by any number of processes, in an array
 *
 * An array's element has an address, so to count is an atomic addition in
 * shared memory.  Make the map, and run as many of these as you like:
 *
 *	echo 'hits type array key 4 value 8 entries 16' > /mnt/maps/create
 *	cc -o counter counter.c $(pkg-config --cflags --libs libmapfs)
 *	./counter /mnt/maps/hits 3 1000 &
 *	./counter /mnt/maps/hits 3 1000
 *	cat /mnt/maps/hits/entries/3
 */
#include <mapfs/mapfs.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct mapfs_map *map;
	struct mapfs_array hits;
	uint64_t *hit = NULL;
	long times;

	if (argc != 4) {
		fprintf(stderr, "usage: counter MAP INDEX TIMES\n");
		return 2;
	}
	map = mapfs_open(argv[1], O_RDWR);
	if (!map || mapfs_array(map, 0, &hits) < 0) {
		perror(argv[1]);
		mapfs_close(map);
		return 1;
	}
	for (times = atol(argv[3]); times > 0; times--) {
		/* A bounds check and an addition: no call. */
		hit = mapfs_array_lookup(&hits, (uint32_t)atoi(argv[2]));
		if (!hit) {
			fprintf(stderr, "no such index\n");
			break;
		}
		__atomic_fetch_add(hit, 1, __ATOMIC_RELAXED);
	}
	if (!times && hit)
		printf("%" PRIu64 "\n", *hit);
	mapfs_close(map);
	return times != 0;
}
