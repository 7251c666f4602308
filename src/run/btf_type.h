/* SPDX-License-Identifier: BSD-2-Clause */
/* For the modules of BTF: its types by their numbers. */
#ifndef RUN_BTF_TYPE_H
#define RUN_BTF_TYPE_H

#include <linux/btf.h>
#include <stddef.h>

#include "run/btf.h"

/* Kinds that are newer than some systems' headers. */
#define KIND_DECL_TAG 17
#define KIND_TYPE_TAG 18
#define KIND_ENUM64   19

/* Types in each other, as in the kernel. */
#define BTF_DEPTH_MAX 32u

/* What was found out about a type. */
struct btf_entry {
	uint32_t at;	 /* its offset in the data */
	uint32_t proper; /* the type behind names for it, else itself */
	uint32_t size;	 /* bytes, if it is 'sized' */
	bool sized;
	bool open; /* it is being looked at */
	bool done;
};

struct btf {
	const unsigned char *data;
	const char *strings;
	uint32_t strings_len;
	uint32_t count; /* types; number 0 is void */
	struct btf_entry *entry;
};

/* The type proper: 'id' is below count. */
struct btf_type btf_type_at(const struct btf *btf, uint32_t id);

/* The words behind it: 'n' bytes at offset 'off' of them. */
void btf_more(const struct btf *btf, uint32_t id, size_t off, void *more,
	      size_t n);
struct btf_member btf_member_at(const struct btf *btf, uint32_t id, uint32_t n);
struct btf_var_secinfo btf_section_at(const struct btf *btf, uint32_t id,
				      uint32_t n);
struct btf_array btf_array_at(const struct btf *btf, uint32_t id);

/* A name that is in range. */
static inline const char *btf_name(const struct btf *btf, uint32_t off)
{
	return btf->strings + off;
}

/* Look at all types, whose entries have their place: the errnos of btf_new. */
int btf_resolve(struct btf *btf);

/* Are special fields where they may be in all structures?  The same. */
int btf_check_fields(const struct btf *btf);

#endif
