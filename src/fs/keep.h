/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Temporary names, which open text files keep: see mapfs/ioctl.h.
 */
#ifndef FS_KEEP_H
#define FS_KEEP_H

#include "fs/file.h"

/* The argument of MAPFS_IOC_TEMPORARY, up to 'most'.  0 or -EINVAL. */
int keep_argument(const void *buf, size_t in, uint32_t most, uint32_t *what);
/*
 * May the one who calls say what becomes of the name?  0; -EPERM; -EINVAL: the
 * kernel may have kept it.
 */
int keep_check(const struct map_dir *dir, const struct creds *creds,
	       struct fmt_error *error);
/* The file keeps the name, for 'creds'. */
void keep_begin(struct text_file *file, struct map_dir *dir,
		const struct creds *creds);
/* It does not any more; the name stays. */
void keep_end(struct text_file *file);
/* Its last descriptor is closed. */
void keep_release(struct text_file *file);

#endif
