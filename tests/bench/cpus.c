/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everybody on one CPU.  A request wakes the daemon and its reply the client:
 * from CPU to CPU that is ten times the rest where an idle CPU sleeps deeply,
 * as in many virtual machines, and never twice the same.  Rows named so are
 * measured across CPUs.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* The last CPUs we may use: the first have most interrupts. */
void cpus_choose(struct bench *bench)
{
	const char *pin = getenv("BENCH_PIN");
	cpu_set_t set;
	int cpu;

	bench->cpu = -1;
	bench->other_cpu = -1;
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return;
	bench->two_cpus = CPU_COUNT(&set) > 1;
	if (pin && strcmp(pin, "0") == 0)
		return;
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		bench->other_cpu = bench->cpu;
		bench->cpu = cpu;
	}
}

void cpus_pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}
