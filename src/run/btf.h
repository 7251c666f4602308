/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BTF, the types that a program describes its maps by: how large they are, and
 * which parts of a value are the kernel's own.  The data is the target's, so
 * nothing in it is believed before btf_new has looked at it: ids and strings
 * are in range, no type is part of itself, and what is part of another fits.
 * Beyond that the kernel checks more, of what no map asks about.
 */
#ifndef RUN_BTF_H
#define RUN_BTF_H

#include <stdbool.h>
#include <stdint.h>

struct btf;

/*
 * 'data', which stays the caller's and must outlive it, as BTF.  EINVAL, E2BIG,
 * EEXIST, EFAULT and the kernel's ENOTSUPP as by the kernel; and ENOMEM.
 */
int btf_new(const void *data, uint32_t size, struct btf **btf);
void btf_free(struct btf *btf);

/* BTF_KIND_*; of void, and if there is no such type, BTF_KIND_UNKN. */
uint32_t btf_kind(const struct btf *btf, uint32_t id);

/*
 * The bytes of a type, and in 'id' the type behind typedefs and the like.
 * False: it has none.
 */
bool btf_size(const struct btf *btf, uint32_t *id, uint32_t *size);

/* Is it an integer of just 32 bits? */
bool btf_is_i32(const struct btf *btf, uint32_t id);

/* What is special in a value, and in what the values of maps point to. */
enum btf_special {
	BTF_SPIN_LOCK,
	BTF_RES_SPIN_LOCK,
	BTF_TIMER,
	BTF_WORKQUEUE,
	BTF_TASK_WORK,
	BTF_REFCOUNT,
	BTF_LIST_HEAD,
	BTF_LIST_NODE,
	BTF_RB_ROOT,
	BTF_RB_NODE,
	BTF_KPTR,
	BTF_UPTR,
	BTF_SPECIALS
};

/* As in the kernel. */
#define BTF_FIELDS_MAX 11

struct btf_field {
	enum btf_special special;
	uint32_t off; /* bytes */
	uint32_t size;
};

/* In the order of their places, none in another. */
struct btf_fields {
	uint32_t count;
	uint32_t mask; /* 1 << enum btf_special */
	struct btf_field field[BTF_FIELDS_MAX];
};

/*
 * The special fields of a value of that type, which is one behind typedefs.  If
 * they cannot be so the kernel takes the value for one without, as here.
 */
void btf_find_fields(const struct btf *btf, uint32_t id,
		     struct btf_fields *fields);

#endif
