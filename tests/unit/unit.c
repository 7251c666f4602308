/* SPDX-License-Identifier: BSD-2-Clause */
/* What the unit tests share, see unit.h. */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

TCase *unit_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 120);
	suite_add_tcase(suite, tcase);
	return tcase;
}

bool unit_is_zero(const void *bytes, size_t len)
{
	const unsigned char *byte = bytes;

	while (len && !*byte) {
		byte++;
		len--;
	}
	return !len;
}

void unit_fill(void *bytes, size_t len, unsigned int salt)
{
	unsigned char *byte = bytes;
	size_t i;

	for (i = 0; i < len; i++)
		byte[i] = (unsigned char)(salt * 61 + i * 7 + i / 251 + 1);
}

struct map_attr unit_attr(uint32_t map_type, uint32_t value_size,
			  uint32_t max_entries, uint32_t map_flags)
{
	struct map_attr attr = {
		.map_type = map_type,
		.key_size = 4,
		.value_size = value_size,
		.max_entries = max_entries,
		.map_flags = map_flags,
	};

	return attr;
}

int unit_create(const struct map_attr *attr, struct map **map)
{
	struct charge charge = { 0 };

	return map_create(attr, &charge, NULL, map);
}

struct map *unit_map(uint32_t map_type, uint32_t value_size,
		     uint32_t max_entries, uint32_t map_flags)
{
	struct map_attr attr =
		unit_attr(map_type, value_size, max_entries, map_flags);
	struct map *map;

	ck_assert_int_eq(unit_create(&attr, &map), 0);
	return map;
}

void unit_put_map(struct map *map)
{
	map_put(map);
	map_free_wait();
}

int unit_lookup(struct map *map, uint32_t index, void *value)
{
	return map_lookup_elem_sys_only(map, &index, value);
}

int unit_update(struct map *map, uint32_t index, const void *value,
		uint64_t flags)
{
	return map_update_elem(map, &index, value, flags);
}

void unit_region(struct region *region, uint64_t size, bool mapped)
{
	ck_assert_int_eq(region_create(region, "unit", size, NUMA_NO_NODE), 0);
	if (mapped)
		ck_assert_int_eq(
			region_map(region, PROT_READ | PROT_WRITE, size), 0);
}

/* The listing's own descriptor not counted. */
unsigned int unit_count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;
	struct dirent *entry;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			n++;
	closedir(dir);
	return n - 1;
}

static struct rlimit fds_before;

/* Lowest unused descriptors are handed out first: the n + 1st is too many. */
void unit_limit_fds(unsigned int n)
{
	struct rlimit limit;
	unsigned int i;
	int fds[64];

	ck_assert_uint_lt(n, 64);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &fds_before), 0);
	limit = fds_before;
	for (i = 0; i <= n; i++) {
		fds[i] = dup(STDERR_FILENO);
		ck_assert_int_ge(fds[i], 0);
	}
	limit.rlim_cur = (rlim_t)fds[n];
	for (i = 0; i <= n; i++)
		close(fds[i]);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

void unit_unlimit_fds(void)
{
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &fds_before), 0);
}

int unit_reopen(const struct region *region, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", region->fd);
	return open(path, flags | O_CLOEXEC);
}

bool unit_readable(const void *addr)
{
	bool readable;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	readable = write(fds[1], addr, 1) == 1;
	ck_assert(readable || errno == EFAULT);
	close(fds[0]);
	close(fds[1]);
	return readable;
}

bool unit_pretend(const char *dir, const char *name, const char *text)
{
	char path[128];
	int fd;

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", dir, "tmpfs", 0, NULL) < 0) {
		ck_assert(errno == EPERM || errno == EACCES);
		return false;
	}
	if (!name)
		return true;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return true;
}

char *unit_line(const char *text, size_t len)
{
	char *line = malloc(len ? len : 1);

	ck_assert_ptr_nonnull(line);
	memcpy(line, text, len);
	return line;
}

bool unit_says(const struct fmt_error *error, const char *word)
{
	return error->msg[0] && strstr(error->msg, word);
}

int main(void)
{
	Suite *suite = suite_create(program_invocation_short_name);
	SRunner *runner = srunner_create(suite);
	int failed;

	unit_suite(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
