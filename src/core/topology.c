/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/topology.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/limits.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned int cpus;
static char nodes[256];
static uint64_t memory;

unsigned int topology_parse_list(const char *text, long member, bool *found)
{
	unsigned long first;
	unsigned long last;
	unsigned long end = 0;
	char *next;

	if (found)
		*found = false;
	for (;;) {
		if (*text < '0' || *text > '9')
			return 0;
		first = strtoul(text, &next, 10);
		last = first;
		if (*next == '-') {
			text = next + 1;
			if (*text < '0' || *text > '9')
				return 0;
			last = strtoul(text, &next, 10);
		}
		if (last < first || last >= 1ul << 20)
			return 0;
		if (found && member >= 0 && (unsigned long)member >= first &&
		    (unsigned long)member <= last)
			*found = true;
		if (last + 1 > end)
			end = last + 1;
		if (*next != ',')
			break;
		text = next + 1;
	}
	return *next == '\0' || *next == '\n' ? (unsigned int)end : 0;
}

static void read_text(const char *path, char *text, size_t size)
{
	ssize_t len = -1;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		len = read(fd, text, size - 1);
		close(fd);
	}
	text[len > 0 ? len : 0] = '\0';
}

static void topology_read(void)
{
	char text[256];
	long configured;

	read_text("/sys/devices/system/cpu/possible", text, sizeof(text));
	cpus = topology_parse_list(text, -1, NULL);
	if (!cpus) {
		/* Containers may hide sysfs. */
		configured = sysconf(_SC_NPROCESSORS_CONF);
		cpus = configured > 0 ? (unsigned int)configured : 1;
	}
	if (cpus > MAP_CPUS_MAX)
		cpus = MAP_CPUS_MAX;
	memory = (uint64_t)sysconf(_SC_PHYS_PAGES) *
		 (uint64_t)sysconf(_SC_PAGESIZE);
	read_text("/sys/devices/system/node/online", nodes, sizeof(nodes));
	if (!topology_parse_list(nodes, -1, NULL)) {
		/* A kernel without NUMA has node 0. */
		nodes[0] = '0';
		nodes[1] = '\0';
	}
}

unsigned int topology_cpus(void)
{
	pthread_once(&once, topology_read);
	return cpus;
}

unsigned int topology_this_cpu(void)
{
	int cpu = sched_getcpu();

	return cpu > 0 ? (unsigned int)cpu % topology_cpus() : 0;
}

uint64_t topology_memory(void)
{
	pthread_once(&once, topology_read);
	return memory;
}

bool topology_node_online(int node)
{
	bool online;

	pthread_once(&once, topology_read);
	topology_parse_list(nodes, node, &online);
	return online;
}
