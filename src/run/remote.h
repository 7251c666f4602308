/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A map whose operations are the daemon's, each an ioctl(2) of its ctl file:
 * for maps of maps, and for modes of the mount in which a table's memory is not
 * to be had.
 */
#ifndef RUN_REMOTE_H
#define RUN_REMOTE_H

struct map;
struct mapfs_map;

/*
 * The map 'map' of libmapfs, which must outlive it, as one of the core's; it
 * has one reference.  NULL: no memory.
 */
struct map *remote_map(struct mapfs_map *map);

#endif
