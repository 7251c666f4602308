/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests that wait for something to be added to their map, and poll(2).
 *
 * A map that somebody waits for has a thread of ours, which sleeps until
 * something is added (map_wait) and then tries again what waits.  It ends with
 * the last who waits.  No thread of libfuse's loop ever waits.
 */
#ifndef FS_WAITS_H
#define FS_WAITS_H

#include "fs/reply.h"

void waits_init(struct waits *waits);
void waits_release(struct waits *waits);
/* No request comes any more: answer those that wait, and end the threads. */
void waits_end(struct waits *waits);

/*
 * A request that waits: the first member of what its maker allocates by
 * malloc(3).
 *
 * resume with 'err' 0 tries again, and returns false if it has to wait on.
 * With another 'err' (ETIMEDOUT: the deadline is past; EPERM: nothing will be
 * added to the map any more; EINTR: interrupted; ENODEV: the mount has gone;
 * all negative) it must end.  When it returns true it has answered the call;
 * the struct is freed after that.  It is called by one thread at a time, with
 * no lock held.
 */
struct parked {
	struct call call;
	uint64_t deadline; /* of wait_now, or WAIT_FOREVER */
	bool (*resume)(struct parked *parked, int err);
	struct parked *next;
};

/*
 * Let the request wait.  0: it is not the caller's any more, and perhaps
 * answered already; or a negative errno, and nothing has happened.
 */
int waits_park(struct parked *parked);

/*
 * poll(2) of the file that is open as 'fh': tell when something is added.
 * 'seen' is what map_additions was before the events were found out.  Takes the
 * handle.
 */
void waits_poll(const struct node *node, uint64_t fh, uint64_t seen,
		struct fuse_pollhandle *handle);
/* The file is closed. */
void waits_forget(const struct node *node, uint64_t fh);

#endif
