/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_API_H
#define LIB_API_H

struct mapfs_map;

/* One result. */
void is(const char *name, long got, long want);

/* With maps of their own, made at 'mnt' and removed again. */
void test_no_keys(const char *mnt);
void test_queue(const char *mnt, const char *type);
/* 'map' is no map of maps. */
void test_inner(const char *mnt, struct mapfs_map *map);

#endif
