/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/messages.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Users whose message is kept: more than ever fail at the same time. */
#define MESSAGES_USERS 64

struct message {
	uid_t uid;
	uint64_t stamp; /* 0: never used */
	char msg[FMT_ERROR_MAX];
};

struct messages {
	pthread_mutex_t lock;
	uint64_t stamp;
	struct message of[MESSAGES_USERS];
};

struct messages *messages_new(void)
{
	struct messages *messages = calloc(1, sizeof(*messages));

	if (messages)
		pthread_mutex_init(&messages->lock, NULL);
	return messages;
}

void messages_free(struct messages *messages)
{
	if (!messages)
		return;
	pthread_mutex_destroy(&messages->lock);
	free(messages);
}

/* The user's, else the oldest.  The lock is held. */
static struct message *message_slot(struct messages *messages, uid_t uid)
{
	struct message *slot = &messages->of[0];
	size_t i;

	for (i = 0; i < MESSAGES_USERS; i++) {
		struct message *of = &messages->of[i];

		if (of->stamp && of->uid == uid)
			return of;
		if (of->stamp < slot->stamp)
			slot = of;
	}
	return slot;
}

void messages_set(struct messages *messages, uid_t uid, const char *msg)
{
	struct message *slot;

	pthread_mutex_lock(&messages->lock);
	slot = message_slot(messages, uid);
	slot->uid = uid;
	slot->stamp = ++messages->stamp;
	snprintf(slot->msg, sizeof(slot->msg), "%s", msg);
	pthread_mutex_unlock(&messages->lock);
}

void messages_get(struct messages *messages, uid_t uid, char msg[FMT_ERROR_MAX])
{
	const struct message *slot;

	pthread_mutex_lock(&messages->lock);
	slot = message_slot(messages, uid);
	snprintf(msg, FMT_ERROR_MAX, "%s",
		 slot->stamp && slot->uid == uid ? slot->msg : "");
	pthread_mutex_unlock(&messages->lock);
}
