/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lpm-lookup - which route does an address take?
 *
 * An lpm_trie finds the longest prefix that contains a key.  A key is the
 * prefix length in bits, an uint32_t, and the address, as on the wire; an
 * address to look up is a prefix of full length.
 *
 *	echo 'routes type lpm_trie key 8 value 4 entries 1000' \
 *		'flags no_prealloc' > /mnt/maps/create
 *	echo 1 > /mnt/maps/routes/entries/0.0.0.0/0
 *	echo 7 > /mnt/maps/routes/entries/10.1.0.0/16
 *	cc -o lpm-lookup lpm-lookup.c $(pkg-config --cflags --libs libmapfs)
 *	./lpm-lookup /mnt/maps/routes 10.1.2.3 192.0.2.1
 */
#include <mapfs/mapfs.h>

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct key {
	uint32_t prefixlen;
	unsigned char address[4];
};

static int look_up(struct mapfs_map *routes, const char *address)
{
	struct key key = { .prefixlen = 32 };
	uint32_t route;
	int err;

	if (inet_pton(AF_INET, address, key.address) != 1) {
		fprintf(stderr, "%s: not an IPv4 address\n", address);
		return 2;
	}
	err = mapfs_lookup(routes, &key, &route);
	if (err == 0)
		printf("%s: route %" PRIu32 "\n", address, route);
	else if (err == -ENOENT)
		printf("%s: no route\n", address);
	else
		fprintf(stderr, "%s: %s\n", address, strerror(-err));
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct mapfs_info info = { .sz = sizeof(info) };
	struct mapfs_map *routes;
	int status = 0;
	int i;

	if (argc < 3) {
		fprintf(stderr, "usage: lpm-lookup MAP ADDRESS...\n");
		return 2;
	}
	routes = mapfs_open(argv[1], O_RDONLY);
	if (!routes) {
		perror(argv[1]);
		return 1;
	}
	if (mapfs_info(routes, &info) || info.key_size != sizeof(struct key) ||
	    info.value_size != sizeof(uint32_t)) {
		fprintf(stderr, "%s: not a map of IPv4 prefixes\n", argv[1]);
		mapfs_close(routes);
		return 1;
	}
	for (i = 2; i < argc; i++)
		status |= look_up(routes, argv[i]);
	mapfs_close(routes);
	return status;
}
