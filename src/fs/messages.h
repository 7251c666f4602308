/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last error message of each user: what the root's error file shows.
 * Bounded: when there are too many users, the one whose message is oldest
 * loses it.  Thread-safe.
 */
#ifndef FS_MESSAGES_H
#define FS_MESSAGES_H

#include <sys/types.h>

#include "fmt/error.h"

struct messages;

/* NULL when there is no memory. */
struct messages *messages_new(void);
void messages_free(struct messages *messages);

void messages_set(struct messages *messages, uid_t uid, const char *msg);
/* A copy; "" if there was none. */
void messages_get(struct messages *messages, uid_t uid,
		  char msg[FMT_ERROR_MAX]);

#endif
