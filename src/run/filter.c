/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The filter is made of the table of syscalls.h.  Calls by another
 * architecture's interface (32-bit programs) are the kernel's.
 */
#include "run/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/syscalls.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCH AUDIT_ARCH_S390X
#else
#error "the seccomp name of this architecture is not known here"
#endif

/* Since Linux 5.19; until then a signal can make a call happen twice. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* Of an argument the filter sees 32 bits at a time: the lower ones. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOW_HALF 0
#else
#define LOW_HALF 4
#endif

/* Instructions: 5 in front and at the end, and 6 for each call. */
#define PROGRAM_MAX (5 + 6 * SYSCALLS_MAX)

struct program {
	struct sock_filter insn[PROGRAM_MAX];
	unsigned short len;
};

static void add(struct program *p, unsigned short code, unsigned int k,
		unsigned char jt, unsigned char jf)
{
	p->insn[p->len++] = (struct sock_filter)BPF_JUMP(code, k, jt, jf);
}

static void load(struct program *p, size_t offset)
{
	add(p, BPF_LD | BPF_W | BPF_ABS, (unsigned int)offset, 0, 0);
}

static void answer(struct program *p, unsigned int what)
{
	add(p, BPF_RET | BPF_K, what, 0, 0);
}

/* The number is loaded, and is still if the call is another one. */
static void add_call(struct program *p, const struct syscall_entry *entry)
{
	if (!entry->mask) {
		add(p, BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)entry->nr, 0,
		    1);
		answer(p, SECCOMP_RET_USER_NOTIF);
		return;
	}
	add(p, BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)entry->nr, 0, 5);
	load(p,
	     offsetof(struct seccomp_data, args) + 8 * entry->arg + LOW_HALF);
	add(p, BPF_ALU | BPF_AND | BPF_K, entry->mask, 0, 0);
	add(p, BPF_JMP | BPF_JEQ | BPF_K, entry->value, 0, 1);
	answer(p, SECCOMP_RET_USER_NOTIF);
	answer(p, SECCOMP_RET_ALLOW);
}

static void make_program(struct program *p)
{
	const struct syscall_entry *entry;

	p->len = 0;
	load(p, offsetof(struct seccomp_data, arch));
	add(p, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	answer(p, SECCOMP_RET_ALLOW);
	load(p, offsetof(struct seccomp_data, nr));
	for (entry = syscalls; entry->run; entry++)
		add_call(p, entry);
	answer(p, SECCOMP_RET_ALLOW);
}

static long install(const struct sock_fprog *prog, unsigned long flags)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       SECCOMP_FILTER_FLAG_NEW_LISTENER | flags, prog);
}

int filter_install(void)
{
	struct program program;
	struct sock_fprog prog = { .filter = program.insn };
	unsigned long flags = SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	long res;

	make_program(&program);
	prog.len = program.len;
	res = install(&prog, flags);
	if (res < 0 && errno == EINVAL) {
		flags = 0;
		res = install(&prog, flags);
	}
	/* Who has no privilege gives up getting any by exec. */
	if (res < 0 && errno == EACCES &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		res = install(&prog, flags);
	return res < 0 ? -errno : (int)res;
}
