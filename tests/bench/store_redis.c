/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Redis: a server of our own, reached through a unix socket, that writes
 * nothing to disk.  A request at a time, or many before the first answer is
 * read.
 */
#include <errno.h>

#include "hash_methods.h"

#ifdef HAVE_HIREDIS

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Requests before their answers are read. */
#define PIPELINE    512u

#define START_TRIES 1000u
#define TRY_US	    10000u

struct own {
	redisContext *connection;
	pid_t server;
	char path[128]; /* of the socket */
};

static redisContext *connection_of(const struct store *store)
{
	const struct own *own = store->own;

	return own->connection;
}

static int connect_to(struct own *own)
{
	redisContext *connection = redisConnectUnix(own->path);

	if (!connection)
		return -ENOMEM;
	if (connection->err) {
		redisFree(connection);
		return -ENOTCONN;
	}
	own->connection = connection;
	return 0;
}

/* Debian's redis-tools has the server under its other name. */
static pid_t start_server(const struct own *own)
{
	static const char *const programs[] = { "redis-server",
						"redis-check-rdb" };
	const char *argv[] = {
		"redis-server", "--port",     "0",	 "--unixsocket",
		own->path,	"--save",     "",	 "--appendonly",
		"no",		"--loglevel", "warning", NULL
	};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid = -ENOENT;
	char path[128];
	size_t i;

	if (null < 0)
		return -errno;
	for (i = 0; i < 2 && pid < 0; i++) {
		snprintf(path, sizeof(path), "/usr/bin/%s", programs[i]);
		if (access(path, X_OK) == 0)
			pid = bench_spawn(path, (char *const *)argv, null,
					  null);
	}
	close(null);
	return pid;
}

static void end_server(struct own *own)
{
	kill(own->server, SIGKILL);
	waitpid(own->server, NULL, 0);
	unlink(own->path);
}

static int make(struct store *store, const struct bench *bench)
{
	struct own *own;
	unsigned int i;
	int err = -ENOTCONN;

	if (!bench->tmpfs[0])
		return -ENODEV;
	own = calloc(1, sizeof(*own));
	if (!own)
		return -ENOMEM;
	snprintf(own->path, sizeof(own->path), "%s/redis.sock", bench->tmpfs);
	own->server = start_server(own);
	if (own->server < 0) {
		err = own->server;
		goto err_free;
	}
	for (i = 0; i < START_TRIES && err == -ENOTCONN; i++) {
		err = connect_to(own);
		if (err == -ENOTCONN)
			usleep(TRY_US);
	}
	if (err)
		goto err_end;
	store->own = own;
	return 0;

err_end:
	end_server(own);
err_free:
	free(own);
	return err;
}

static void free_store(struct store *store)
{
	struct own *own = store->own;

	redisFree(own->connection);
	end_server(own);
	free(own);
}

/* The first process's connection is that one's alone. */
static int second(struct store *store)
{
	return connect_to(store->own);
}

/* What an answer says: the value of a lookup goes to 'value'. */
static int take_reply(const struct store *store, redisReply *reply, void *value)
{
	int err = -EIO;

	if (!reply)
		return -ENOTCONN;
	if (reply->type == REDIS_REPLY_NIL ||
	    (reply->type == REDIS_REPLY_INTEGER && !reply->integer)) {
		err = -ENOENT;
	} else if (reply->type == REDIS_REPLY_STRING &&
		   reply->len == store->value_size) {
		memcpy(value, reply->str, store->value_size);
		err = 0;
	} else if (reply->type == REDIS_REPLY_STATUS ||
		   reply->type == REDIS_REPLY_INTEGER) {
		err = 0;
	}
	freeReplyObject(reply);
	return err;
}

static int lookup(struct store *store, const uint64_t *key, void *value)
{
	return take_reply(
		store,
		redisCommand(connection_of(store), "GET %b", key, KEY_SIZE),
		value);
}

static int update(struct store *store, const uint64_t *key, const void *value)
{
	return take_reply(store,
			  redisCommand(connection_of(store), "SET %b %b", key,
				       KEY_SIZE, value,
				       (size_t)store->value_size),
			  NULL);
}

static int delete (struct store *store, const uint64_t *key)
{
	return take_reply(
		store,
		redisCommand(connection_of(store), "DEL %b", key, KEY_SIZE),
		NULL);
}

/* The next answer. */
static int receive(const struct store *store, void *value)
{
	void *reply = NULL;

	if (redisGetReply(connection_of(store), &reply) != REDIS_OK)
		return -ENOTCONN;
	return take_reply(store, reply, value);
}

static int send_update(const struct store *store, uint64_t key, void *value)
{
	hash_set_value(store, value, key);
	return redisAppendCommand(connection_of(store), "SET %b %b", &key,
				  KEY_SIZE, value,
				  (size_t)store->value_size) == REDIS_OK ?
		       0 :
		       -ENOMEM;
}

static int send_key(const struct store *store, const char *command,
		    uint64_t key)
{
	return redisAppendCommand(connection_of(store), command, &key,
				  KEY_SIZE) == REDIS_OK ?
		       0 :
		       -ENOMEM;
}

static int fill(struct store *store, uint64_t *keys, uint64_t n, void *value,
		uint64_t end)
{
	uint64_t sent = 0;
	uint64_t got = 0;
	int err = 0;

	for (; got < n && !err; got++) {
		for (; sent < n && sent - got < PIPELINE && !err; sent++)
			err = send_update(store, keys[sent], value);
		if (!err)
			err = receive(store, NULL);
		if (!err && !(got % 4096) && now_ns() > end)
			err = -ETIME;
	}
	return err;
}

const struct store_ops redis_store_ops = {
	.make = make,
	.free = free_store,
	.second = second,
	.fill = fill,
	.lookup = lookup,
	.update = update,
	.delete = delete,
};

/* ---------------------------------------------------------- pipelined */

static int run_lookups(struct subject *s, uint64_t count)
{
	const struct store *store = store_of(s);
	const uint64_t *value = s->buf;
	uint64_t keys[PIPELINE];
	uint32_t n, i;
	int err = 0;

	for (; count && !err; count -= n) {
		n = count < PIPELINE ? (uint32_t)count : PIPELINE;
		for (i = 0; i < n && !err; i++) {
			keys[i] = hash_any_key(s);
			err = send_key(store, "GET %b", keys[i]);
		}
		for (i = 0; i < n && !err; i++) {
			err = receive(store, s->buf);
			if (!err && *value != keys[i])
				err = -EIO;
		}
	}
	return err;
}

static int change(struct subject *s, uint64_t count, bool is_delete,
		  uint64_t (*next)(struct subject *s))
{
	const struct store *store = store_of(s);
	uint32_t n, i;
	int err = 0;

	for (; count && !err; count -= n) {
		n = count < PIPELINE ? (uint32_t)count : PIPELINE;
		for (i = 0; i < n && !err; i++)
			err = is_delete ? send_key(store, "DEL %b", next(s)) :
					  send_update(store, next(s), s->buf);
		for (i = 0; i < n && !err; i++)
			err = receive(store, NULL);
	}
	return err;
}

static int run_replaces(struct subject *s, uint64_t count)
{
	return change(s, count, false, hash_any_key);
}

static int run_inserts(struct subject *s, uint64_t count)
{
	return change(s, count, false, hash_new_key);
}

static int run_deletes(struct subject *s, uint64_t count)
{
	return change(s, count, true, hash_old_key);
}

const struct method redis_lookup_pipe_method = {
	.open = hash_open_store,
	.run = run_lookups,
};
const struct method redis_replace_pipe_method = {
	.open = hash_open_store,
	.run = run_replaces,
};
const struct method redis_insert_pipe_method = {
	.open = hash_open_move,
	.run = run_inserts,
	.after = run_deletes,
};
const struct method redis_delete_pipe_method = {
	.open = hash_open_move,
	.before = run_inserts,
	.run = run_deletes,
};

#else

static int open_none(struct subject *s)
{
	(void)s;
	return -ENOSYS;
}

const struct store_ops redis_store_ops = { 0 };
const struct method redis_lookup_pipe_method = { .open = open_none };
const struct method redis_replace_pipe_method = { .open = open_none };
const struct method redis_insert_pipe_method = { .open = open_none };
const struct method redis_delete_pipe_method = { .open = open_none };

#endif
