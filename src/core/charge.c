/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/charge.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>

/* Exists while it holds a charge, so idle users cost nothing. */
struct charge_account {
	uid_t uid;
	uint64_t bytes;
};

static int account_compare(const void *a, const void *b)
{
	const struct charge_account *x = a;
	const struct charge_account *y = b;

	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

/* The domain's lock is held. */
static struct charge_account *account_find(struct charge_domain *domain,
					   uid_t uid)
{
	struct charge_account key = { .uid = uid };
	struct charge_account **node;

	node = tfind(&key, &domain->users, account_compare);
	return node ? *node : NULL;
}

static struct charge_account *account_add(struct charge_domain *domain,
					  uid_t uid)
{
	struct charge_account *account;

	account = calloc(1, sizeof(*account));
	if (!account)
		return NULL;
	account->uid = uid;
	if (!tsearch(account, &domain->users, account_compare)) {
		free(account);
		return NULL;
	}
	return account;
}

void charge_domain_init(struct charge_domain *domain, uint64_t limit,
			uint64_t user_limit)
{
	domain->limit = limit;
	domain->user_limit = user_limit;
	domain->used = 0;
	domain->users = NULL;
	pthread_mutex_init(&domain->lock, NULL);
}

void charge_domain_release(struct charge_domain *domain)
{
	pthread_mutex_destroy(&domain->lock);
}

/* Would 'bytes' more on top of 'used' pass the limit?  Never overflows. */
static int over_limit(uint64_t used, uint64_t bytes, uint64_t limit)
{
	return used > limit || bytes > limit - used;
}

static int account_charge(struct charge_domain *domain,
			  const struct charge *charge)
{
	struct charge_account *account = account_find(domain, charge->uid);
	uint64_t mine = account ? account->bytes : 0;

	if (over_limit(domain->used, charge->bytes, domain->limit))
		return -EPERM;
	/* Root is bound by the mount's limit alone, as CAP_IPC_LOCK does. */
	if (charge->uid != 0 &&
	    over_limit(mine, charge->bytes, domain->user_limit))
		return -EPERM;
	if (!account)
		account = account_add(domain, charge->uid);
	if (!account)
		return -ENOMEM;
	account->bytes += charge->bytes;
	domain->used += charge->bytes;
	return 0;
}

int charge_take(const struct charge *charge)
{
	struct charge_domain *domain = charge->domain;
	int err;

	if (!domain || !charge->bytes)
		return 0;
	pthread_mutex_lock(&domain->lock);
	err = account_charge(domain, charge);
	pthread_mutex_unlock(&domain->lock);
	return err;
}

void charge_give(const struct charge *charge)
{
	struct charge_domain *domain = charge->domain;
	struct charge_account *account;

	if (!domain || !charge->bytes)
		return;
	pthread_mutex_lock(&domain->lock);
	account = account_find(domain, charge->uid);
	account->bytes -= charge->bytes;
	domain->used -= charge->bytes;
	if (!account->bytes) {
		tdelete(account, &domain->users, account_compare);
		free(account);
	}
	pthread_mutex_unlock(&domain->lock);
}

struct charge_usage charge_usage(struct charge_domain *domain, uid_t uid)
{
	struct charge_usage usage;
	struct charge_account *account;

	pthread_mutex_lock(&domain->lock);
	account = account_find(domain, uid);
	usage.user = account ? account->bytes : 0;
	usage.total = domain->used;
	pthread_mutex_unlock(&domain->lock);
	return usage;
}
