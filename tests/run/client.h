/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs of bpf(2) that check what they are answered.  They know nothing of
 * mapfs-run: run alone by root they tell whether the kernel answers so, and
 * under mapfs-run whether we do.
 */
#ifndef RUN_CLIENT_H
#define RUN_CLIENT_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

#define KERNEL_ENOTSUPP 524

/* bpf(2) with an attr of 'size' bytes: its result, or a negative errno. */
int bpf(int command, void *attr, unsigned int size);
/* The same with the whole attr of our headers. */
int bpf_whole(int command, union bpf_attr *attr);

static inline uint64_t ptr(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

/* A map; 'flags' BPF_F_*.  A descriptor or a negative errno. */
int new_map(uint32_t type, uint32_t key, uint32_t value, uint32_t entries,
	    uint32_t flags);

/* bpf(2)'s commands for one element. */
int element(int command, int fd, const void *key, const void *value,
	    uint64_t flags);

/* Does the map of the descriptor hold that u32 at that u32? */
int holds(int fd, uint32_t key, uint32_t value);

/* The map's id, 0 if there is none to be had. */
uint32_t id_of(int fd);

/* BTF of one type, int. */
int new_btf(void);

/* Milliseconds of a clock that only goes on. */
uint64_t now_ms(void);

/*
 * Memory files of the parent, which is the runner where there is one; it may
 * keep other descriptors.  Does it come down to that many?  Without a question
 * about an id, at which it would look at what is left.
 */
int parent_files(void);
bool parent_has(int files);

/* Results that were wrong. */
extern int failures;

/* One result; the name is printed. */
void is(const char *name, long got, long want);

/* Groups of results. */
void check_attrs(void);
void check_creation(void);
void check_order(void);
void check_batches(void);
void check_modes(void);
void check_mapping(void);
void check_ids(void);
void check_info(void);
void check_sharing(void);
void check_probes(void);
void check_slots(void);
void check_btf(void);
void check_beside(void);
void check_provided(void);
/* 'self', run with a descriptor, ends with value_at it. */
void check_numbers(char *self);
long value_at(int fd);
/* 'dir' is a bpffs; 'names': all calls know it, not only those for pins. */
void check_pins(const char *dir, bool names);

#endif
