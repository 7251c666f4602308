/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of mounts: a line for each competitor of a row. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

static const enum who references[] = {
	WHO_BPF, WHO_BATCH, WHO_TMPFS, WHO_FIFO, WHO_SOCKET, WHO_MEMORY,
};

#define NSHOWN (sizeof(references) / sizeof(references[0]))

static const char legend[] =
	"\n"
	"Medians over the rounds; +- is the range of the middle half of them.  Ratios\n"
	"are of time, medians of each round's: 0.50 is twice as fast; ! is more than\n"
	"expected.  Arrays of 8-byte values.  bpf(2) calls work on a kernel array: an\n"
	"add is a lookup and an update, a dump lookups without making text.  memory is\n"
	"anonymous shared memory, memory[i] the same without mapfs/array.h.  A record\n"
	"of a ring goes from one process to another, which is two operations.  What does\n"
	"not depend on the mode is measured in one.\n"
	"\n"
	"                                   median      best   +-   ops/s   MB/s"
	"  bpf(2)   batch   tmpfs    pipe  socket  memory  expected\n";

static void print_line(const struct results *results, enum who who,
		       const struct figures *figures)
{
	const struct stats *ns = &figures->ns;
	size_t i;

	print_time(ns->median);
	print_time(ns->min);
	print_spread(ns);
	print_rate(1e9 / ns->median);
	print_rate(figures->bytes > 0 ? figures->bytes * 1e3 / ns->median :
					NAN);
	for (i = 0; i < NSHOWN; i++)
		print_ratio(results, who, figures, references[i]);
	print_expectations(results, who, figures);
}

void mount_print(const struct results *results, size_t nresults,
		 unsigned int rounds)
{
	struct figures figures;
	const char *name;
	enum who who;
	size_t i;

	fputs(legend, stdout);
	for (i = 0; i < nresults; i++) {
		name = results[i].row->name;
		for (who = 0; who < WHOS; who++) {
			const struct result *result = &results[i].by[who];

			if (!is_shown(result))
				continue;
			figures = figures_of(results, nresults, &results[i],
					     who, rounds);
			printf("%-20s %-12s", name, who_names[who]);
			print_line(&results[i], who, &figures);
			if (result->err)
				printf(" %s", strerror(-result->err));
			putchar('\n');
			name = "";
		}
	}
}
