/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open text files: what is kept between the reads and writes of one open.
 */
#ifndef FS_TEXT_FILE_H
#define FS_TEXT_FILE_H

#include "fs/file.h"
#include "fs/reply.h"

/* Takes a reference of its own on the call's node.  0 or -ENOMEM. */
int text_file_open(const struct call *call, struct text_file **file);
void text_file_release(struct text_file *file);
/* Those that were open when the mount went, so that no RELEASE will come. */
void text_files_release(struct fs_files *files);

/* READ, WRITE and FLUSH.  The message of an error goes to call->error. */
ssize_t text_file_read(struct call *call, struct text_file *file, void *buf,
		       size_t size, uint64_t off);
ssize_t text_file_write(struct call *call, struct text_file *file,
			const char *buf, size_t size, uint64_t off);
int text_file_flush(struct call *call, struct text_file *file);

#endif
