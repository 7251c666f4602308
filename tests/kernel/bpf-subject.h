/* SPDX-License-Identifier: BSD-2-Clause */
/* A map of the kernel, by bpf(2) alone, as the subject of a test. */
#ifndef KERNEL_BPF_SUBJECT_H
#define KERNEL_BPF_SUBJECT_H

#include "model/subject.h"

struct bpf_subject {
	struct subject subject;
	int fd;
	/* The elements file of an array whose memory we mapped, else NULL. */
	unsigned char *file;
	size_t file_bytes;
};

/*
 * BPF_MAP_CREATE.  A descriptor or a negative errno, with the kernel's private
 * errno 524 as EOPNOTSUPP, like everything here.
 */
int bpf_map_create(const struct map_attr *attr);
/* The same with an inner_map_fd. */
int bpf_map_create_of(const struct map_attr *attr, int inner);

/* 0 of what is no map; and is there a map of an id? */
uint32_t bpf_map_id(int fd);
bool bpf_map_exists(uint32_t id);

/* What BPF_OBJ_GET_INFO_BY_FD says of the attributes. */
int bpf_map_info(int fd, struct map_attr *attr);

/*
 * 'mapped', which needs BPF_F_MMAPABLE, adds reading and writing of the file
 * and takes away freezing, which such a mapping makes EBUSY.
 */
int bpf_subject_init(struct bpf_subject *bpf, const struct map_attr *attr,
		     bool mapped);
/* A map that is there already; its descriptor becomes the subject's. */
void bpf_subject_of(struct bpf_subject *bpf, int fd);
void bpf_subject_release(struct bpf_subject *bpf);

#endif
