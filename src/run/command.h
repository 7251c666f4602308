/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf(2): the commands, each a row of one table, and what they share.  Checks
 * come in the kernel's order, so that a call that is wrong in several ways gets
 * the kernel's errno.
 */
#ifndef RUN_COMMAND_H
#define RUN_COMMAND_H

#include <linux/bpf.h>

#include "run/run.h"

struct map;

/* Bytes of the kernel's union bpf_attr, as of Linux 6.18. */
#define ATTR_BYTES 168u

/* Bytes of an attr and of an info at most: the kernel's page. */
#define USER_BYTES_MAX 4096u

/* A call of bpf(2). */
struct request {
	struct call *call;
	/* A private copy, zero behind what the target gave. */
	union {
		union bpf_attr attr;
		unsigned char bytes[ATTR_BYTES];
	};
	uint64_t addr; /* of the target's attr */
};

/* The offset behind a member of the attr. */
#define ATTR_END(member)                    \
	(offsetof(union bpf_attr, member) + \
	 sizeof(((union bpf_attr *)0)->member))

/* syscall_entry's run, for bpf(2). */
int command_run(struct call *call);

/*
 * The object behind the target's descriptor, with one hold, and what may be
 * done through it.  EBADF; EINVAL: it is no object of that kind.
 */
int request_object(const struct request *req, uint32_t fd,
		   enum object_kind kind, struct object **object,
		   enum object_mode *mode);

/* The same of any kind. */
int request_any(const struct request *req, uint32_t fd, struct object **object,
		enum object_mode *mode);
void request_drop(const struct request *req, struct object *object);

/* The mode that BPF_F_RDONLY and BPF_F_WRONLY ask for; EINVAL both. */
int request_mode(uint32_t flags, enum object_mode *mode);

/*
 * The result is a descriptor of the object.  0 or a negative errno; the hold
 * stays the caller's.
 */
int request_give(const struct request *req, struct object *object,
		 enum object_mode mode);

/* What a call wants to do with a map. */
enum { WANT_READ = 1, WANT_WRITE = 2 };

/*
 * The map at the target's descriptor, held and entered for one call until
 * request_done; EPERM: see above.
 */
int request_map(const struct request *req, uint32_t fd, int want,
		struct object **object);
void request_done(const struct request *req, struct object *object);

/*
 * 'count' values that a target gives to a map, made what the map stores: see
 * fields_reset; and of maps of maps they are its descriptors, and become ids.
 * Which are wrong is told by the update, when it comes to them.
 */
void request_values(const struct request *req, const struct object *object,
		    void *values, uint32_t count);

/* The commands, in command_*.c. */
int map_create_command(struct request *req);
int map_freeze_command(struct request *req);
int lookup_command(struct request *req);
int update_command(struct request *req);
int delete_command(struct request *req);
int next_key_command(struct request *req);
int lookup_and_delete_command(struct request *req);
int lookup_batch_command(struct request *req);
int lookup_and_delete_batch_command(struct request *req);
int update_batch_command(struct request *req);
int delete_batch_command(struct request *req);
int map_next_id_command(struct request *req);
int map_by_id_command(struct request *req);
int btf_next_id_command(struct request *req);
int btf_by_id_command(struct request *req);
int prog_next_id_command(struct request *req);
int prog_by_id_command(struct request *req);
int link_next_id_command(struct request *req);
int info_command(struct request *req);
int btf_load_command(struct request *req);
int prog_load_command(struct request *req);
int pin_command(struct request *req);
int get_pinned_command(struct request *req);

#endif
