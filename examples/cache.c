/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cache - results that are dear to compute, shared by processes, in an LRU
 *
 * An lru_hash never gets full: what was not used for longest makes room.
 *
 *	echo 'cache type lru_hash key 8 value 8 entries 1024' \
 *		> /mnt/maps/create
 *	cc -o cache cache.c $(pkg-config --cflags --libs libmapfs)
 *	./cache /mnt/maps/cache 4 100
 *
 * starts 4 processes, each of which wants the squares of 100 numbers.
 */
#include <mapfs/mapfs.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* 0 and the square: from the cache or, for the first who asks, computed. */
static int square(struct mapfs_map *cache, uint64_t number, uint64_t *result)
{
	int err = mapfs_lookup(cache, &number, result);

	if (err != -ENOENT)
		return err;
	*result = number * number;
	err = mapfs_update(cache, &number, result, MAPFS_NOEXIST);
	/* Another process was faster. */
	return err == -EEXIST ? 0 : err;
}

static int work(struct mapfs_map *cache, uint64_t numbers)
{
	uint64_t number, result;

	for (number = 0; number < numbers; number++)
		if (square(cache, number, &result) < 0 ||
		    result != number * number)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	struct mapfs_info info = { .sz = sizeof(info) };
	struct mapfs_map *cache;
	int bad = 0;
	int status;
	int i;

	if (argc != 4) {
		fprintf(stderr, "usage: cache MAP PROCESSES NUMBERS\n");
		return 2;
	}
	cache = mapfs_open(argv[1], O_RDWR);
	if (!cache) {
		perror(argv[1]);
		return 1;
	}
	/* A map may be used on both sides of a fork. */
	for (i = 0; i < atoi(argv[2]); i++) {
		if (fork() == 0) {
			status = work(cache, strtoull(argv[3], NULL, 0));
			mapfs_close(cache);
			return status;
		}
	}
	while (wait(&status) > 0)
		bad |= status;
	if (mapfs_info(cache, &info) == 0)
		printf("%" PRIu64 " results in the cache\n", info.entries);
	mapfs_close(cache);
	return bad != 0;
}
