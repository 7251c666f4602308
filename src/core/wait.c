/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/wait.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

uint64_t wait_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t wait_until(uint64_t ns)
{
	uint64_t now = wait_now();

	return ns < WAIT_FOREVER - now ? now + ns : WAIT_FOREVER;
}

void wait_kick(const uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Should another have been faster, that one wakes. */
void wait_wake_all(uint32_t *word, uint32_t was)
{
	if (shared_cas32(word, was, was + 1))
		wait_kick(word);
}

uint32_t wait_announce(uint32_t *word)
{
	return shared_or(word, WAIT_ASLEEP) | WAIT_ASLEEP;
}

int wait_sleep(const uint32_t *word, uint32_t announced, uint64_t deadline)
{
	uint64_t now = wait_now();
	uint64_t ns = deadline > now ? deadline - now : 0;
	struct timespec time = { 0, WAIT_STEP };

	if (ns < WAIT_STEP)
		time.tv_nsec = (long)ns;
	/* Not FUTEX_PRIVATE_FLAG: sleepers are in other processes, too. */
	if (syscall(SYS_futex, word, FUTEX_WAIT, announced, &time, NULL, 0) <
		    0 &&
	    errno == EINTR)
		return -EINTR;
	return 0;
}
