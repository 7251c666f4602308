/* SPDX-License-Identifier: BSD-2-Clause */
/* threads DIR: many threads on one map, which also fork and close maps. */
#include <mapfs/mapfs.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 4u
#define ROUNDS	3000u

static const char *dir;
/*
 * The thread sanitizer takes what the parent's threads did before the fork for
 * racing with the child, which has none of them, and them for left behind.
 */
const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
	return "race:fork_once\nthread:main\n";
}

static struct mapfs_map *map;
static struct mapfs_info info;

static bool once(uint32_t key, uint64_t *value)
{
	size_t i;

	for (i = 0; i < info.value_bytes / 8; i++)
		value[i] = key;
	if (mapfs_update(map, &key, value, MAPFS_ANY) ||
	    mapfs_lookup(map, &key, value))
		return false;
	return value[0] == key;
}

static void *work(void *arg)
{
	uint32_t n = (uint32_t)(uintptr_t)arg;
	uint64_t *value = malloc(info.value_bytes);
	struct mapfs_map *own;
	void *wrong = value ? NULL : &map;
	uint32_t i;

	for (i = 0; i < ROUNDS && !wrong; i++) {
		if (!once(n * 8 + i % 8, value))
			wrong = &map;
		if (i % 500)
			continue;
		own = mapfs_open(dir, O_RDWR);
		if (!own)
			wrong = &map;
		mapfs_close(own);
	}
	free(value);
	return wrong;
}

/* A child of a process whose threads are anywhere. */
static bool fork_once(uint64_t *value)
{
	pid_t pid = fork();
	int status = 1;

	if (!pid) {
		alarm(20);
		status = !once(100, value);
		mapfs_close(map);
		_exit(status);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

int main(int argc, char **argv)
{
	pthread_t thread[THREADS];
	uint64_t *value;
	bool wrong = false;
	uintptr_t i;
	void *res;

	dir = argc > 1 ? argv[1] : ".";
	map = mapfs_open(dir, O_RDWR);
	info.sz = sizeof(info);
	if (!map || mapfs_info(map, &info)) {
		perror(dir);
		return EXIT_FAILURE;
	}
	value = malloc(info.value_bytes);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, work, (void *)i))
			return EXIT_FAILURE;
	for (i = 0; i < 20 && value; i++)
		if (!fork_once(value))
			wrong = true;
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &res);
		if (res)
			wrong = true;
	}
	printf("%sok - threads, and their children\n", wrong ? "not " : "");
	mapfs_close(map);
	free(value);
	return 0;
}
