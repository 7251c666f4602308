/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line, which is also mount(8)'s: mapfs SOURCE DIR -o OPTIONS. */
#ifndef FS_OPTIONS_H
#define FS_OPTIONS_H

#include "fs/fs.h"

struct options {
	struct fuse_args args;	/* what is left for libfuse */
	char *mountpoint;	/* absolute */
	char *maps;		/* file of specs, or NULL */
	uint64_t memlimit;	/* bytes */
	uint64_t memlimit_user; /* bytes */
	enum io_mode io;
	bool foreground;
};

/*
 * Parse.  1: mount.  0: there was a question (--help, --version) and it is
 * answered.  -EINVAL and the like: said on stderr what is wrong.
 */
int options_parse(struct options *options, int argc, char **argv);
void options_release(struct options *options);

#endif
