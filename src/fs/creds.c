/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/creds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static __thread bool serving;
static __thread struct creds served;

void creds_serve(const struct creds *creds)
{
	serving = true;
	served = *creds;
}

/* The line of /proc/PID/status that begins so, to be freed, or NULL. */
static char *status_line(pid_t pid, const char *name)
{
	char path[32];
	char *line = NULL;
	size_t size = 0;
	bool found = false;
	FILE *status;

	if (pid <= 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = fopen(path, "re");
	if (!status)
		return NULL;
	while (!found && getline(&line, &size, status) > 0)
		found = strncmp(line, name, strlen(name)) == 0;
	fclose(status);
	if (found)
		return line;
	free(line);
	return NULL;
}

/* The request brings the process's group, and not the others that it has. */
static bool in_group(gid_t gid)
{
	char *line;
	char *at;
	char *end;
	bool in = false;

	if (served.gid == gid)
		return true;
	line = status_line(served.pid, "Groups:");
	if (!line)
		return false;
	at = line + strlen("Groups:");
	for (;;) {
		unsigned long group = strtoul(at, &end, 10);

		if (end == at)
			break;
		in = in || group == gid;
		at = end;
	}
	free(line);
	return in;
}

bool creds_may_use(const struct fs_access *access)
{
	mode_t mode = access->mode;

	if (!serving || !served.uid)
		return true;
	if (served.uid == access->uid)
		return mode & 0600;
	/* Groups matter only where theirs is another answer. */
	if (!(mode & 0060) == !(mode & 0006))
		return mode & 0006;
	return in_group(access->gid) ? mode & 0060 : mode & 0006;
}

/*
 * That of a process in another pid namespace, which has no number here, cannot
 * be found out: it is the usual one.  One that /proc hides may be strict.
 */
mode_t creds_umask(const struct creds *creds)
{
	unsigned int umask = creds->pid ? 077 : 022;
	char *line = status_line(creds->pid, "Umask:");

	if (line)
		sscanf(line, "Umask: %o", &umask);
	free(line);
	return umask & 0777;
}
