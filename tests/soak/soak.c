/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soak MAPFS FAULT.SO: everything at once, for SOAK seconds (120).
 *
 * In each round a daemon serves a map of every type, and four processes use
 * it, in roles that roles.h has, each of which is killed at random for another
 * to take its place.  A round ends in one of three ways: the maps are checked
 * and removed, and the daemon has then what it began with; it is killed, and
 * those who had maps open work on; or the mount is taken off while it is used.
 * SEED=N makes the same choices.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "death/harness.h"
#include "roles.h"

#define ROUND_US      1500000u
#define AFTERWARDS_US 200000u
#define LIMIT	      "memlimit=64m"

static role *const roles[] = { role_library, role_library, role_mapping,
			       role_shell,   role_limits,  role_hostile };

static struct mount mount;
static struct stand *stand;
static struct rng rng;
static pid_t pid[WORKERS];
static struct worker worker[WORKERS];
static uint64_t clients_killed, daemons_killed, mounts_detached, rounds;
static uint64_t bad_rounds;

static void run_role(void *arg)
{
	struct worker *w = arg;

	/* What it starts goes with it. */
	setpgid(0, 0);
	signal(SIGBUS, SIG_DFL);
	rng_pick(&w->rng, roles)(w);
}

static void worker_start(uint32_t slot)
{
	worker[slot] = (struct worker){ .stand = stand,
					.mount = &mount,
					.slot = slot,
					.rng = { rng_next(&rng) } };
	pid[slot] = child_start(run_role, &worker[slot]);
	setpgid(pid[slot], pid[slot]);
}

/* It has not ended by itself. */
static void worker_kill(uint32_t slot)
{
	int status;

	kill(-pid[slot], SIGKILL);
	kill(pid[slot], SIGKILL);
	waitpid(pid[slot], &status, 0);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		complain("a client ended by itself: %x", (unsigned int)status);
	clients_killed++;
}

static void make_maps(void)
{
	char line[128];
	uint32_t i;
	int err;

	for (i = 0; i < TYPES; i++) {
		snprintf(line, sizeof(line), "%s %s", types[i].name,
			 types[i].spec);
		err = mapfs_create(mount.path, line);
		if (err)
			complain("create %s: %d", line, err);
	}
}

static void remove_maps(void)
{
	DIR *dir = opendir(mount.path);
	struct dirent *entry;
	char path[512];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", mount.path,
			 entry->d_name);
		if (mapfs_destroy(path))
			complain("rmdir %s: %s", path, strerror(errno));
	}
	if (dir)
		closedir(dir);
}

static void storm(void)
{
	uint64_t end = now_us() + ROUND_US;
	uint64_t was;
	uint32_t slot;

	for (slot = 0; slot < WORKERS; slot++)
		worker_start(slot);
	while (now_us() < end && !complained()) {
		was = atomic_load(&stand->operations);
		sleep_us(rng_below(&rng, 60000));
		if (!wait_beyond(&stand->operations, was))
			complain("nobody gets on");
		slot = rng_below(&rng, WORKERS);
		worker_kill(slot);
		worker_start(slot);
	}
}

static void kill_all(void)
{
	uint32_t slot;

	for (slot = 0; slot < WORKERS; slot++)
		worker_kill(slot);
}

static void end_in_order(const struct usage *before)
{
	kill_all();
	check_maps(stand, &mount);
	remove_maps();
	mount_settle(&mount, before, "after a round");
	mount_stop(&mount);
}

static void end_by_force(void)
{
	atomic_store(&stand->is_down, 1);
	mount_kill(&mount);
	daemons_killed++;
	sleep_us(AFTERWARDS_US);
	kill_all();
}

static void end_by_detaching(void)
{
	atomic_store(&stand->is_down, 1);
	mount_detach(&mount);
	mounts_detached++;
	sleep_us(AFTERWARDS_US);
	kill_all();
	/* The main thread keeps one file of those that were open. */
	mount_ended(&mount, 1);
}

static bool start(struct usage *before)
{
	char said[256] = "";
	int status;

	strcpy(mount.options, LIMIT);
	if (!mount_start(&mount, &status, said, sizeof(said))) {
		complain("no mount: %s", said);
		return false;
	}
	memset(stand->ledger, 0, sizeof(stand->ledger));
	atomic_store(&stand->is_down, 0);
	make_maps();
	remove_maps();
	mount_usage(&mount, before);
	return true;
}

static void one_round(void)
{
	struct usage before;

	if (!start(&before))
		return;
	make_maps();
	storm();
	/* The first one in order. */
	switch (rounds++ % 3) {
	case 0:
		end_in_order(&before);
		break;
	case 1:
		end_by_force();
		break;
	default:
		end_by_detaching();
	}
	bad_rounds += complained();
	verdict("round %llu, io=%s", (unsigned long long)rounds, mount.io);
}

int main(int argc, char **argv)
{
	uint64_t seconds = env_u64("SOAK", 120);
	struct usage nothing;
	uint64_t end;

	harness_init((unsigned int)seconds + 120);
	if (argc < 3)
		return EXIT_FAILURE;
	rng.state = env_seed();
	stand = share(sizeof(*stand));
	if (mount_init(&mount, argv[1], sanitized() ? NULL : argv[2]) < 0) {
		perror("mount");
		return EXIT_FAILURE;
	}
	/* One that does little, to compare with. */
	if (start(&nothing))
		mount_stop(&mount);
	verdict("a daemon that has little to do");
	end = now_us() + seconds * 1000000;
	while (now_us() < end)
		one_round();
	mount_release(&mount);
	tap_comment("%llu operations; survived: %llu clients killed, %llu "
		    "daemons killed, %llu mounts taken off, %llu requests "
		    "beyond the limit, %llu blows on regions; "
		    "rounds with losses or other faults: %llu",
		    (unsigned long long)atomic_load(&stand->operations),
		    (unsigned long long)clients_killed,
		    (unsigned long long)daemons_killed,
		    (unsigned long long)mounts_detached,
		    (unsigned long long)atomic_load(&stand->refused),
		    (unsigned long long)atomic_load(&stand->strikes),
		    (unsigned long long)bad_rounds);
	return tap_done();
}
