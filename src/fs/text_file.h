/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open text files: what is kept between the reads and writes of one open.
 */
#ifndef FS_TEXT_FILE_H
#define FS_TEXT_FILE_H

#include "fs/file.h"
#include "fs/reply.h"

/*
 * Open 'node' with open(2)'s flags, on which it takes a reference of its own.
 * 0, -ENOMEM; -EMFILE when the user has FS_OPENS_USER, and call->error says so.
 */
int text_file_open(struct call *call, const struct node *node, int flags,
		   struct text_file **file);
void text_file_release(struct text_file *file);
/* Those that were open when the mount went, so that no RELEASE will come. */
void text_files_release(struct fs_files *files);

/*
 * The call's node was truncated, by its name: so the one who calls has just
 * opened it with O_TRUNC, where that does not come with the open.
 */
void text_files_truncated(const struct call *call);

/* READ, WRITE and FLUSH.  The message of an error goes to call->error. */
ssize_t text_file_read(struct call *call, struct text_file *file, void *buf,
		       size_t size, uint64_t off);
ssize_t text_file_write(struct call *call, struct text_file *file,
			const char *buf, size_t size, uint64_t off);
/* The type's ioctl. */
int text_file_ioctl(struct call *call, struct text_file *file, unsigned int cmd,
		    void *buf, size_t in, size_t *size);
int text_file_flush(struct call *call, struct text_file *file);

#endif
