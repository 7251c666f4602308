/* SPDX-License-Identifier: BSD-2-Clause */
/* Mounting, serving and unmounting. */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include "fs/attendant.h"
#include "fs/options.h"

/*
 * Mount and serve until umount(8), SIGTERM, SIGINT or SIGHUP.  'ready' is the
 * descriptor to write a byte to when the mount answers, or -1.  0; negative
 * when it could not be mounted, which has been said on stderr.  libfuse takes
 * what it uses out of options->args.  The process has few privileges left
 * after that; the attendant has them.
 */
int mount_serve(struct fs *fs, struct options *options,
		struct attendant *attendant, int ready);

#endif
