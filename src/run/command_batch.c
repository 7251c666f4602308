/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf(2): batches.  A target may name any count, so they are done in pieces
 * that fit into a buffer of ours.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/map.h"
#include "run/command.h"
#include "run/fields.h"
#include "run/memory.h"

/*
 * Elements of a piece: about as many bytes, but no fewer elements than a bucket
 * of a hash can hold, as it is got whole.
 */
#define PIECE_BYTES    (256u << 10)
#define PIECE_ELEMENTS (2 * HASH_CHAIN_MAX)

struct batch {
	const struct request *req;
	struct object *object;
	struct map *map; /* the object's */
	size_t value_bytes;
	uint32_t piece; /* elements */
	unsigned char *keys;
	unsigned char *values;
	/* A token is the last key, and NULL the start; or a bucket's number. */
	bool by_key;
	size_t token_bytes;
	unsigned char *in;
	unsigned char *out;
	uint32_t done; /* elements */
};

typedef int (*batch_op_t)(struct map *map, struct map_batch *batch);

static int write_count(const struct batch *batch)
{
	uint64_t addr =
		batch->req->addr + offsetof(union bpf_attr, batch.count);

	return memory_write(batch->req->call, addr, &batch->done,
			    sizeof(batch->done));
}

static int batch_init(struct batch *batch, const struct request *req,
		      struct object *object)
{
	struct map *map = object->map;
	uint64_t bytes = map_value_bytes(map) + map->key_size;
	uint64_t piece = PIECE_BYTES / (bytes ? bytes : 1);

	batch->req = req;
	batch->object = object;
	batch->map = map;
	batch->value_bytes = map_value_bytes(map);
	if (piece < PIECE_ELEMENTS)
		piece = PIECE_ELEMENTS;
	if (piece > req->attr.batch.count)
		piece = req->attr.batch.count;
	batch->piece = (uint32_t)piece;
	batch->by_key = map->ops->map_lookup_batch == generic_map_lookup_batch;
	batch->token_bytes = batch->by_key ? map->key_size : sizeof(uint32_t);
	batch->keys = calloc(piece + 1, map->key_size + 1ul);
	batch->values = calloc(piece + 1, batch->value_bytes + 1);
	batch->in = calloc(1, batch->token_bytes + 1);
	batch->out = calloc(1, batch->token_bytes + 1);
	batch->done = 0;
	return batch->keys && batch->values && batch->in && batch->out ?
		       0 :
		       -ENOMEM;
}

static void batch_release(struct batch *batch)
{
	free(batch->keys);
	free(batch->values);
	free(batch->in);
	free(batch->out);
}

/* A lock is ours to take, where values have one. */
static uint64_t elem_flags(const struct batch *batch)
{
	uint64_t flags = batch->req->attr.batch.elem_flags;

	return fields_have_lock(batch->object->fields) ?
		       flags & ~(uint64_t)BPF_F_LOCK :
		       flags;
}

static int run_piece(const struct batch *batch, batch_op_t op,
		     struct map_batch *piece)
{
	uint64_t flags = batch->req->attr.batch.elem_flags;
	int err;

	piece->elem_flags = elem_flags(batch);
	fields_lock(batch->object->fields, flags);
	err = op(batch->map, piece);
	fields_unlock(batch->object->fields, flags);
	return err;
}

/* Is the call refused outright?  Then its count is left as it is. */
static int batch_refused(const struct batch *batch, batch_op_t op)
{
	struct map_batch none = {
		.flags = batch->req->attr.batch.flags,
	};
	int err = run_piece(batch, op, &none);

	return err == -EOPNOTSUPP ? -ENOTSUPP : err;
}

/* As many whole elements as the target has, up to 'want'. */
static uint32_t read_elements(const struct batch *batch, uint64_t addr,
			      unsigned char *buf, size_t bytes, uint32_t want)
{
	if (!bytes)
		return want;
	addr += (uint64_t)batch->done * bytes;
	return (uint32_t)(memory_read_some(batch->req->call, addr, buf,
					   want * bytes) /
			  bytes);
}

/* One piece of an update, or without values of a deletion. */
static int write_piece(struct batch *batch, batch_op_t op, bool values,
		       uint32_t want)
{
	const union bpf_attr *attr = &batch->req->attr;
	struct map_batch piece = { .keys = batch->keys,
				   .values = batch->values };
	uint32_t have = read_elements(batch, attr->batch.keys, batch->keys,
				      batch->map->key_size, want);
	int err;

	if (values)
		have = read_elements(batch, attr->batch.values, batch->values,
				     batch->value_bytes, have);
	if (!call_valid(batch->req->call))
		return -ESRCH;
	if (values)
		request_values(batch->req, batch->object, batch->values, have);
	piece.count = have;
	err = have ? run_piece(batch, op, &piece) : 0;
	batch->done += have ? piece.count : 0;
	return err ? err : have < want ? -EFAULT : 0;
}

static int write_batch(struct request *req, batch_op_t op, bool values)
{
	uint32_t count = req->attr.batch.count;
	struct object *object;
	struct batch batch;
	uint32_t left;
	int err = request_map(req, req->attr.batch.map_fd, WANT_WRITE, &object);

	if (err)
		return err;
	call_trace(req->call, " count %u", count);
	err = batch_init(&batch, req, object);
	if (!err)
		err = batch_refused(&batch, op);
	if (err || !count)
		goto out;
	while (!err && (left = count - batch.done))
		err = write_piece(&batch, op, values,
				  left < batch.piece ? left : batch.piece);
	if (write_count(&batch))
		err = -EFAULT;
	call_trace(req->call, " done %u", batch.done);
out:
	batch_release(&batch);
	request_done(req, object);
	return err;
}

int update_batch_command(struct request *req)
{
	return write_batch(req, map_update_batch, true);
}

int delete_batch_command(struct request *req)
{
	return write_batch(req, map_delete_batch, false);
}

/*
 * A piece's elements to the target.  The kernel stores one after the other: of
 * values that are nowhere a target sees the first key alone.
 */
static int store_piece(const struct batch *batch, uint32_t count)
{
	const union bpf_attr *attr = &batch->req->attr;
	const struct call *call = batch->req->call;
	size_t key_size = batch->map->key_size;
	uint64_t keys = attr->batch.keys + (uint64_t)batch->done * key_size;
	uint64_t values =
		attr->batch.values + (uint64_t)batch->done * batch->value_bytes;
	int err;

	if (!count)
		return 0;
	err = memory_write(call, keys, batch->keys, key_size);
	if (!err)
		err = memory_write(call, values, batch->values,
				   count * batch->value_bytes);
	if (!err)
		err = memory_write(call, keys + key_size,
				   batch->keys + key_size,
				   (count - 1) * key_size);
	return err;
}

/*
 * One piece of a lookup.  If its elements are to go, they are gone before the
 * target has them, as in the kernel.
 */
static int read_piece(struct batch *batch, batch_op_t op, bool first,
		      uint32_t want)
{
	const union bpf_attr *attr = &batch->req->attr;
	struct map_batch piece = {
		.in_batch = first && !attr->batch.in_batch ? NULL : batch->in,
		.out_batch = batch->out,
		.keys = batch->keys,
		.values = batch->values,
		.count = want,
		.flags = attr->batch.flags,
	};
	int err = run_piece(batch, op, &piece);

	if (err && err != -ENOENT)
		return err;
	fields_reset(batch->object->fields, batch->map, batch->values,
		     piece.count);
	if (store_piece(batch, piece.count))
		return -EFAULT;
	batch->done += piece.count;
	memcpy(batch->in, batch->out, batch->token_bytes);
	/* A bucket that is left out is the next piece's, if there is room. */
	return err || piece.count ? err : -ENOSPC;
}

static int read_pieces(struct batch *batch, batch_op_t op)
{
	uint32_t count = batch->req->attr.batch.count;
	bool first = true;
	uint32_t left;
	int err = 0;

	while (!err && (left = count - batch->done)) {
		err = read_piece(batch, op, first,
				 left < batch->piece ? left : batch->piece);
		first = false;
	}
	return err == -ENOSPC && batch->done ? 0 : err;
}

/* No bucket has this number. */
static bool token_untouched(const struct batch *batch)
{
	size_t i;

	for (i = 0; i < batch->token_bytes; i++)
		if (batch->out[i] != 0xff)
			return false;
	return true;
}

static int write_token(const struct batch *batch)
{
	if (batch->by_key ? !batch->done : token_untouched(batch))
		return 0;
	return memory_write(batch->req->call, batch->req->attr.batch.out_batch,
			    batch->out, batch->token_bytes);
}

static int read_all(struct batch *batch, batch_op_t op)
{
	uint64_t in = batch->req->attr.batch.in_batch;
	int err = write_count(batch);

	if (!err && in)
		err = memory_read(batch->req->call, in, batch->in,
				  batch->token_bytes);
	if (err)
		return err;
	memset(batch->out, 0xff, batch->token_bytes);
	err = read_pieces(batch, op);
	if (err && err != -ENOENT && err != -ENOSPC)
		return err;
	/* Of two that cannot be written, the kernel's first. */
	if (batch->by_key ? write_count(batch) || write_token(batch) :
			    write_token(batch) || write_count(batch))
		return -EFAULT;
	return err;
}

static int read_batch(struct request *req, batch_op_t op, int want)
{
	struct object *object;
	struct batch batch;
	int err = request_map(req, req->attr.batch.map_fd, want, &object);

	if (err)
		return err;
	call_trace(req->call, " count %u", req->attr.batch.count);
	err = batch_init(&batch, req, object);
	if (!err)
		err = batch_refused(&batch, op);
	if (!err && req->attr.batch.count)
		err = read_all(&batch, op);
	call_trace(req->call, " done %u", batch.done);
	batch_release(&batch);
	request_done(req, object);
	return err;
}

int lookup_batch_command(struct request *req)
{
	return read_batch(req, map_lookup_batch, WANT_READ);
}

int lookup_and_delete_batch_command(struct request *req)
{
	return read_batch(req, map_lookup_and_delete_batch,
			  WANT_READ | WANT_WRITE);
}
