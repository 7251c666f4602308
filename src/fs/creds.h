/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user whom a thread serves, and what that user may do where the kernel
 * cannot check it: a map that is named in a line of text has not been opened.
 */
#ifndef FS_CREDS_H
#define FS_CREDS_H

#include "fs/fs.h"

/* From now on this thread serves that user. */
void creds_serve(const struct creds *creds);

/*
 * May the user read or write what has this owner and mode?  Root may, and so
 * may a thread that serves nobody, which is the daemon's own business.
 */
bool creds_may_use(const struct fs_access *access);

/*
 * The umask of the user's process, which a write does not carry as mkdir does.
 * A process of another pid namespace cannot be asked: it gets the usual one.
 */
mode_t creds_umask(const struct creds *creds);

#endif
