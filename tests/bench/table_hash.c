/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables that have a line for each row, with everybody in it. */
#include <linux/bpf.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

/* A table: whose rows they are, whom they stand beside, and the text above. */
struct table {
	enum who who;
	enum who shown[7]; /* up to WHOS */
	unsigned int nratios;
	const char *legend;
};

static const struct table hash_table = {
	.who = WHO_MAP,
	.shown = { WHO_BPF, WHO_BATCH, WHO_TDB, WHO_LMDB, WHO_MEMORY, WHOS },
	.nratios = 4, /* not to memory */
	.legend =
		"\n"
		"Hashes with keys of 8 bytes in shared memory, through the core; names are\n"
		"of entries and the bytes of a value.  Medians over the rounds; +- is the range\n"
		"of the middle half of mapfs's.  Ratios are mapfs's time to another's, medians\n"
		"of each round's; ! is more than expected.  All by random keys.\n"
		"\n"
		"bpf(2)  a hash of the kernel, a call an element\n"
		"batch   the same, a call 512 elements, lookups of what comes next in the hash\n"
		"tdb     a file on tmpfs, TDB_NOSYNC, locked by mutexes, as many chains as\n"
		"        entries\n"
		"LMDB    a file on tmpfs, MDB_WRITEMAP, MDB_NOSYNC; a transaction an operation\n"
		"memory  a word at random in memory as large as mapfs's map, known when the one\n"
		"        before was read: what the caches miss; for replace it is written, too\n"
		"\n"
		"Time is per operation of all processes together.  fill is from empty, once, by\n"
		"two processes, but by one for LMDB, in order, and for bpf(2), in batches; who\n"
		"takes longer than BENCH_SECONDS for it is left out.  A trie's keys are prefixes\n"
		"of 64 bits, of 64; bpf(2) is a trie then, and filled one by one.\n"
		"\n"
		"                            mapfs   +-   ops/s"
		"   bpf(2)    batch      tdb     LMDB   memory"
		"  bpf(2)   batch     tdb    LMDB  expected\n",
};

static const struct table lib_table = {
	.who = WHO_LIB,
	.shown = { WHO_BPF, WHO_TDB, WHO_LMDB, WHO_REDIS, WHO_PIPE, WHO_MEMORY,
		   WHOS },
	.nratios = 5,
	.legend =
		"\n"
		"Hashes of a mount through libmapfs, as above.  Redis is a server without\n"
		"files, on a unix socket: a request at a time, and 512 at a time.\n"
		"\n"
		"                         libmapfs   +-   ops/s"
		"   bpf(2)      tdb     LMDB    Redis  512 ea.   memory"
		"  bpf(2)     tdb    LMDB   Redis  512 ea.  expected\n",
};

static const struct table run_table = {
	.who = WHO_RUN,
	.shown = { WHO_BPF, WHO_NOTIFY, WHO_FIFO, WHOS },
	.nratios = 3,
	.legend =
		"\n"
		"bpf(2) under mapfs-run: a call, each by a process of its own.  Medians over the\n"
		"rounds; +- is the range of the middle half of mapfs-run's.  Ratios are its time\n"
		"to another's, medians of each round's; ! is more than expected.\n"
		"\n"
		"bpf(2)  the same call, answered by the kernel\n"
		"notify  the same call, given by seccomp to a process that does nothing but\n"
		"        answer: no less can be had\n"
		"pipe    a byte to another process and back: a switch each way\n"
		"\n"
		"                        mapfs-run   +-   ops/s"
		"   bpf(2)   notify     pipe"
		"  bpf(2)  notify    pipe  expected\n",
};

static void print_row(const struct table *table, const struct results *all,
		      size_t n, const struct results *results,
		      unsigned int rounds)
{
	struct figures figures =
		figures_of(all, n, results, table->who, rounds);
	const enum who *shown = table->shown;
	enum who who;
	size_t i;

	printf("  %-22s", results->row->name);
	print_time(figures.ns.median);
	print_spread(&figures.ns);
	print_rate(1e9 / figures.ns.median);
	for (i = 0; shown[i] != WHOS; i++)
		print_time(stats_of(results->by[shown[i]].ns, rounds).median);
	for (i = 0; i < table->nratios; i++)
		print_ratio(results, table->who, &figures, shown[i]);
	print_expectations(results, table->who, &figures);
	if (results->by[table->who].subject.note[0])
		printf(" %s", results->by[table->who].subject.note);
	for (who = 0; who < WHOS; who++)
		if (results->by[who].err)
			printf(" %s: %s", who_names[who],
			       strerror(-results->by[who].err));
	putchar('\n');
}

static bool has_figures(const struct results *results)
{
	enum who who;

	for (who = 0; results->row && who < WHOS; who++)
		if (is_shown(&results->by[who]))
			return true;
	return false;
}

/* Is this a point of the curve: a hash of small values, by one process? */
static bool is_point(const struct results *results, const char *name)
{
	return results->row && results->group->value_size == 8 &&
	       results->group->map_type == BPF_MAP_TYPE_HASH &&
	       strcmp(results->row->name, name) == 0 &&
	       is_shown(&results->by[WHO_MAP]);
}

static void print_curve(const struct results *results, size_t n,
			const char *name, enum who who, unsigned int rounds)
{
	size_t i;

	printf("  %-8s %-7s", name, who_names[who]);
	for (i = 0; i < n; i++)
		if (is_point(&results[i], name))
			print_time(
				stats_of(results[i].by[who].ns, rounds).median);
	putchar('\n');
}

static void print_curves(const struct results *results, size_t n,
			 unsigned int rounds)
{
	unsigned int points = 0;
	size_t i;

	for (i = 0; i < n; i++)
		points += is_point(&results[i], "lookup");
	if (points < 2)
		return;
	printf("\nWhat entries cost, with values of 8 bytes\n%18s", "");
	for (i = 0; i < n; i++)
		if (is_point(&results[i], "lookup"))
			printf(" %8u", results[i].group->entries);
	putchar('\n');
	print_curve(results, n, "lookup", WHO_MAP, rounds);
	print_curve(results, n, "lookup", WHO_MEMORY, rounds);
	print_curve(results, n, "replace", WHO_MAP, rounds);
	print_curve(results, n, "replace", WHO_MEMORY, rounds);
}

static void print_table(const struct table *table,
			const struct results *results, size_t nresults,
			unsigned int rounds)
{
	const struct group *group = NULL;
	size_t i;

	fputs(table->legend, stdout);
	for (i = 0; i < nresults; i++) {
		if (!has_figures(&results[i]))
			continue;
		if (results[i].group != group) {
			group = results[i].group;
			printf("%s\n", group->name);
		}
		print_row(table, results, nresults, &results[i], rounds);
	}
}

void hash_print(const struct results *results, size_t nresults,
		unsigned int rounds)
{
	print_table(&hash_table, results, nresults, rounds);
	print_curves(results, nresults, rounds);
}

void lib_print(const struct results *results, size_t nresults,
	       unsigned int rounds)
{
	print_table(&lib_table, results, nresults, rounds);
}

void run_print(const struct results *results, size_t nresults,
	       unsigned int rounds)
{
	print_table(&run_table, results, nresults, rounds);
}
