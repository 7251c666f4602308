/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory accounts: what the maps of a mount (or of a runner) may take, all
 * together and for each user.  A map is charged for its whole size when it is
 * made, touched or not, and the charge goes back when the map goes.
 *
 * Thread-safe; one mutex a domain, taken when maps are made and destroyed.
 */
#ifndef CORE_CHARGE_H
#define CORE_CHARGE_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

struct charge_domain {
	uint64_t limit;	      /* bytes, all users; fixed */
	uint64_t user_limit;  /* bytes, each user but root; fixed */
	pthread_mutex_t lock; /* the rest */
	uint64_t used;	      /* bytes */
	void *users;	      /* tsearch(3) tree of accounts */
};

/* One map's charge: who pays, and how much. */
struct charge {
	struct charge_domain *domain; /* NULL: nobody counts */
	uid_t uid;
	uint64_t bytes;
};

struct charge_usage {
	uint64_t user;	/* bytes charged to the uid */
	uint64_t total; /* bytes charged to all */
};

/* Limits in bytes; UINT64_MAX is none. */
void charge_domain_init(struct charge_domain *domain, uint64_t limit,
			uint64_t user_limit);
/* Every charge must be back. */
void charge_domain_release(struct charge_domain *domain);

/*
 * Charge charge->bytes to charge->uid.  0; -EPERM beyond a limit, the
 * kernel's answer to RLIMIT_MEMLOCK; -ENOMEM.
 */
int charge_take(const struct charge *charge);
void charge_give(const struct charge *charge);

struct charge_usage charge_usage(struct charge_domain *domain, uid_t uid);

#endif
