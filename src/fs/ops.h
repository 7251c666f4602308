/* SPDX-License-Identifier: BSD-2-Clause */
/* The requests that the mount serves, as libfuse's low-level table. */
#ifndef FS_OPS_H
#define FS_OPS_H

#include "fs/fs.h"

extern const struct fuse_lowlevel_ops fs_ops;

#endif
