/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/passthrough.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#define BACKING_CLOSE _IOW(229, 2, uint32_t)

/* Not by fuse_passthrough_close: it wants a request, and maps end without. */
void passthrough_drop(struct fuse_session *se, int id)
{
	uint32_t backing_id = (uint32_t)id;

	ioctl(fuse_session_fd(se), BACKING_CLOSE, &backing_id);
}

#ifdef HAVE_FUSE_PASSTHROUGH

const char passthrough_by[] = "libfuse";

int passthrough_attach(struct fuse_session *se)
{
	(void)se;
	return 0;
}

bool passthrough_negotiate(struct fuse_conn_info *conn)
{
	if (!(conn->capable & FUSE_CAP_PASSTHROUGH))
		return false;
	conn->want |= FUSE_CAP_PASSTHROUGH;
	/* See below: writes need not look for a security.capability. */
	conn->want |= conn->capable & FUSE_CAP_HANDLE_KILLPRIV_V2;
	/* The memory objects are on no stacked filesystem. */
	conn->max_backing_stack_depth = 1;
	return true;
}

int passthrough_register(fuse_req_t req, int fd)
{
	int id = fuse_passthrough_open(req, fd);

	/* libfuse says why on stderr and returns 0. */
	return id > 0 ? id : -EPERM;
}

int passthrough_reply_open(fuse_req_t req, struct fuse_file_info *fi, int id)
{
	fi->backing_id = id;
	fi->noflush = 1;
	return fuse_reply_open(req, fi);
}

#else

#include <linux/fuse.h>

/*
 * The protocol of Linux 6.9 by numbers, as the headers may be older.  Bit 37
 * of the INIT flags is bit 5 of their second word.
 */
#define INIT_EXT		(1u << 30)
/*
 * Set-id bits and file capabilities are ours to drop at a write, and no file
 * of ours has any.  Without it the kernel looks for a security.capability at
 * each write, which a passthrough write feels.
 */
#define INIT_HANDLE_KILLPRIV_V2 (1u << 28)
#define INIT2_PASSTHROUGH	(1u << (37 - 32))
#define OPEN_DIRECT_IO		(1u << 0)
#define OPEN_NOFLUSH		(1u << 5)
#define OPEN_PASSTHROUGH	(1u << 7)

struct backing_map {
	int32_t fd;
	uint32_t flags;
	uint64_t padding;
};

#define BACKING_OPEN		_IOW(229, 1, struct backing_map)

/* The part of FUSE_INIT's reply that older headers call unused. */
struct init_out {
	uint32_t major;
	uint32_t minor;
	uint32_t max_readahead;
	uint32_t flags;
	uint16_t max_background;
	uint16_t congestion_threshold;
	uint32_t max_write;
	uint32_t time_gran;
	uint16_t max_pages;
	uint16_t map_alignment;
	uint32_t flags2;
	uint32_t max_stack_depth;
	uint32_t unused[6];
};

_Static_assert(sizeof(struct init_out) == 64, "FUSE protocol");
_Static_assert(offsetof(struct init_out, max_stack_depth) == 36,
	       "FUSE protocol");

struct open_out {
	uint64_t fh;
	uint32_t open_flags;
	int32_t backing_id;
};

_Static_assert(sizeof(struct open_out) == sizeof(struct fuse_open_out),
	       "FUSE protocol");

const char passthrough_by[] = "own protocol code";

/*
 * One session a process.  INIT is the first request and nothing else runs
 * before its reply is out, so these need no lock.
 */
static int session_fd = -1;
static bool offered;	  /* by the kernel, in the INIT request */
static uint32_t killpriv; /* INIT_HANDLE_KILLPRIV_V2 if offered */
static bool wanted;
static bool init_done;

static ssize_t session_read(int fd, void *buf, size_t size, void *userdata)
{
	ssize_t res = read(fd, buf, size);
	const struct fuse_in_header *in = buf;
	const struct fuse_init_in *init = (const void *)(in + 1);

	(void)userdata;
	/* The mount ended while a request of it was being read. */
	if (res < 0 && errno == ECONNABORTED)
		errno = ENODEV;
	if (!__atomic_load_n(&init_done, __ATOMIC_RELAXED) &&
	    res >= (ssize_t)(sizeof(*in) + sizeof(*init)) &&
	    in->opcode == FUSE_INIT) {
		offered = (init->flags & INIT_EXT) &&
			  (init->flags2 & INIT2_PASSTHROUGH);
		killpriv = init->flags & INIT_HANDLE_KILLPRIV_V2;
	}
	return res;
}

static ssize_t session_writev(int fd, struct iovec *iov, int count,
			      void *userdata)
{
	struct init_out *init;

	(void)userdata;
	if (!__atomic_load_n(&init_done, __ATOMIC_RELAXED)) {
		__atomic_store_n(&init_done, true, __ATOMIC_RELAXED);
		if (wanted && count == 2 && iov[1].iov_len == sizeof(*init)) {
			init = iov[1].iov_base;
			init->flags |= INIT_EXT | killpriv;
			init->flags2 |= INIT2_PASSTHROUGH;
			init->max_stack_depth = 1;
		}
	}
	return writev(fd, iov, count);
}

int passthrough_attach(struct fuse_session *se)
{
	static const struct fuse_custom_io io = {
		.read = session_read,
		.writev = session_writev,
	};

	session_fd = fuse_session_fd(se);
	return fuse_session_custom_io(se, &io, session_fd);
}

bool passthrough_negotiate(struct fuse_conn_info *conn)
{
	(void)conn;
	wanted = offered;
	return offered;
}

int passthrough_register(fuse_req_t req, int fd)
{
	struct backing_map map = { .fd = fd };
	int id = ioctl(session_fd, BACKING_OPEN, &map);

	(void)req;
	return id > 0 ? id : -errno;
}

int passthrough_reply_open(fuse_req_t req, struct fuse_file_info *fi, int id)
{
	struct open_out out = {
		.fh = fi->fh,
		.open_flags = OPEN_PASSTHROUGH | OPEN_NOFLUSH,
		.backing_id = id,
	};

	if (fi->direct_io)
		out.open_flags |= OPEN_DIRECT_IO;
	return fuse_reply_buf(req, (const char *)&out, sizeof(out));
}

#endif
