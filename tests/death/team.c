/* SPDX-License-Identifier: BSD-2-Clause */
#include "team.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS_MAX   16u
#define PROCESSES_MAX 16u

struct team_shared {
	atomic_uint here;
	atomic_uint finished;
};

/* The threads of one process. */
struct crew {
	struct team *team;
	uint32_t process;
	uint32_t owner;
	void (*work)(struct worker *worker);
};

struct job {
	struct worker worker;
	void (*work)(struct worker *worker);
};

uint32_t team_size(const struct team *team)
{
	return team->processes * team->threads;
}

bool team_sync(struct worker *worker)
{
	struct team *team = worker->team;
	uint32_t all = ++worker->rounds * team_size(team);
	uint64_t end = now_us() + PATIENCE_US;

	atomic_fetch_add(&team->shared->here, 1);
	while (atomic_load(&team->shared->here) < all && !complained()) {
		if (now_us() > end)
			complain("worker %u waits in vain", worker->n);
		sched_yield();
	}
	return !complained();
}

uint32_t team_finished(const struct team *team)
{
	return atomic_load(&team->shared->finished);
}

static void *thread_main(void *arg)
{
	struct job *job = arg;

	if (team_sync(&job->worker))
		job->work(&job->worker);
	atomic_fetch_add(&job->worker.team->shared->finished, 1);
	return NULL;
}

static void crew_run(void *arg)
{
	struct crew *crew = arg;
	struct team *team = crew->team;
	pthread_t thread[THREADS_MAX];
	struct job job[THREADS_MAX];
	uint32_t i;

	if (crew->owner)
		map_owner_set(team->map, crew->owner);
	for (i = 0; i < team->threads; i++) {
		uint32_t n = crew->process * team->threads + i;

		job[i].work = crew->work;
		job[i].worker = (struct worker){
			.team = team,
			.n = n,
			.rng = { team->seed ^ (uint64_t)n << 32 },
		};
		if (pthread_create(&thread[i], NULL, thread_main, &job[i])) {
			perror("pthread_create");
			exit(EXIT_FAILURE);
		}
	}
	for (i = 0; i < team->threads; i++)
		pthread_join(thread[i], NULL);
}

void team_run(struct team *team, void (*work)(struct worker *worker))
{
	struct crew crew[PROCESSES_MAX];
	pid_t pid[PROCESSES_MAX];
	uint32_t i;
	int err;

	team->shared = share(sizeof(*team->shared));
	for (i = 0; i < team->processes; i++) {
		crew[i] = (struct crew){ team, i, 0, work };
		if (!i)
			continue;
		err = map_owner_get(team->map, &crew[i].owner);
		if (err)
			complain("map_owner_get: %d", err);
		pid[i] = child_start(crew_run, &crew[i]);
	}
	crew_run(&crew[0]);
	for (i = 1; i < team->processes; i++) {
		child_wait(pid[i]);
		map_owner_end(team->map, crew[i].owner, true);
	}
	unshare_memory(team->shared, sizeof(*team->shared));
}
