/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables whose memory cannot be mapped: each operation is an ioctl(2) of the
 * map's ctl file, MAPFS_IOC_CALL.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lib/lib.h"

/* Calls of this size and less need no memory. */
#define SMALL_CALL 1024u

static int run(struct mapfs_map *map, struct lib_call *call,
	       struct mapfs_call *at, size_t size)
{
	unsigned char *key = (unsigned char *)(at + 1);
	unsigned char *value = key + map->attr.key_size;

	memset(at, 0, size);
	at->op = call->op;
	at->cpu = call->cpu;
	at->flags = call->flags;
	at->position = call->position;
	at->has_key = call->key != NULL;
	if (call->key)
		memcpy(key, call->key, map->attr.key_size);
	if (call->value)
		memcpy(value, call->value, call->value_size);
	if (ioctl(map->ctl, MAPFS_IOC_CALL(size), at) < 0)
		return -errno;
	call->position = at->position;
	if (call->key_out)
		memcpy(call->key_out, key, map->attr.key_size);
	if (call->value_out)
		memcpy(call->value_out, value, call->value_size);
	return (int)at->result;
}

int lib_call(struct mapfs_map *map, struct lib_call *call)
{
	size_t size = sizeof(struct mapfs_call) + map->attr.key_size +
		      call->value_size;
	uint64_t small[SMALL_CALL / 8];
	struct mapfs_call *at = (struct mapfs_call *)small;
	int res;

	if (map->ctl < 0)
		return -EBADF;
	if (size > MAPFS_CALL_MAX)
		return -EFBIG;
	if (size > sizeof(small))
		at = malloc(size);
	if (!at)
		return -ENOMEM;
	res = run(map, call, at, size);
	if (at != (struct mapfs_call *)small)
		free(at);
	return res;
}
