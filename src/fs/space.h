/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mount as maps of maps see it: how they find and hold other maps, see
 * struct map_space.  A slot holds the map's directory too, so that its id and
 * its mode stay after its name has gone.
 */
#ifndef FS_SPACE_H
#define FS_SPACE_H

#include "fs/fs.h"

/* The directory of ids; '-' is in no name of a map. */
#define SPACE_IDS "by-id"

void space_init(struct map_space *space);

/* An id in decimal, as it is printed.  0 or -EINVAL. */
int space_parse_id(const char *text, size_t len, uint32_t *id);

#endif
