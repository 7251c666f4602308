/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/status.h"

#include <fcntl.h>
#include <stdio.h>

/* The number that sscanf(3) finds in a line of the file, or else 'none'. */
static unsigned int find_number(const char *path, const char *format,
				unsigned int none)
{
	unsigned int number = none;
	char line[128];
	FILE *file = fopen(path, "re");

	if (!file)
		return none;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, format, &number) == 1)
			break;
	fclose(file);
	return number;
}

static unsigned int find_status(pid_t tid, const char *format,
				unsigned int none)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	return find_number(path, format, none);
}

uid_t status_fsuid(pid_t tid)
{
	return find_status(tid, "Uid: %*u %*u %*u %u", (uid_t)-1);
}

mode_t status_umask(pid_t tid)
{
	return find_status(tid, "Umask: %o", 0777);
}

unsigned int status_close_on_exec(pid_t tid, int fd)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", tid, fd);
	return find_number(path, "flags: %o", 0) & O_CLOEXEC;
}
