/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel is told of names that went by no doing of its own.
 *
 * To drop a name it takes the root directory's lock, which a process can hold
 * while it waits for an answer of ours: so that is for a thread on its own, and
 * never for one that answers requests.
 */
#ifndef FS_NOTICES_H
#define FS_NOTICES_H

#include "fs/fs.h"

struct notice {
	struct notice *next;
	char name[MAP_NAME_LEN];
};

void notices_init(struct notices *notices);
void notices_release(struct notices *notices);

/* fs->se is there, and no process is forked any more.  0 or an errno. */
int notices_start(struct fs *fs);
/* Tell the kernel that there is no such name any more.  Takes the notice. */
void notices_post(struct notices *notices, struct notice *notice);

/*
 * The end: nothing is told any more, once the one notice is that the thread
 * has in hand, and with that it may need requests in the root to be answered.
 * Waits for some milliseconds: has the thread ended?  Ask until it has.
 */
bool notices_end(struct notices *notices);

#endif
