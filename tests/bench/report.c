/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench.h"
#include "stats.h"

#define NREFERENCES (REFERENCE_LAST - REFERENCE_FIRST + 1)

static const char *const names[WHOS] = {
	[WHO_PASSTHROUGH] = "passthrough",
	[WHO_SYMLINK] = "symlink",
	[WHO_CACHED] = "cached",
	[WHO_DAEMON] = "daemon",
	[WHO_BPF] = "bpf(2)",
	[WHO_BATCH] = "bpf(2) batch",
	[WHO_TMPFS] = "tmpfs",
	[WHO_MEMORY] = "memory",
	[WHO_PLAIN] = "memory[i]",
};

/* What a line says. */
struct figures {
	struct stats ns;		 /* an operation */
	struct stats ratio[NREFERENCES]; /* NAN: not compared */
	double scaling;			 /* NAN: one process */
	double bytes;			 /* an operation moves, or 0 */
	enum who missed;		 /* WHOS: nothing */
};

/* The results of another row of the same run. */
static const struct results *find(const struct results *results, size_t n,
				  const struct row *row)
{
	size_t i;

	for (i = 0; i < n && results[i].row != row; i++)
		;
	return i < n ? &results[i] : NULL;
}

static bool expects(const struct row *row, enum who who, enum who reference)
{
	return (row->expect_of & 1u << who) && row->expect[reference] > 0;
}

static struct figures figures_of(const struct results *results,
				 const struct results *alone, enum who who,
				 unsigned int rounds)
{
	const struct row *row = results->row;
	const double *ns = results->by[who].ns;
	struct figures figures;
	enum who i;

	figures.ns = stats_of(ns, rounds);
	figures.bytes = row->bytes;
	figures.missed = WHOS;
	figures.scaling = NAN;
	if (alone)
		figures.scaling =
			stats_of_ratios(alone->by[who].ns, ns, rounds).median;
	for (i = REFERENCE_FIRST; i <= REFERENCE_LAST; i++) {
		struct stats *ratio = &figures.ratio[i - REFERENCE_FIRST];

		*ratio = stats_of_ratios(ns, results->by[i].ns, rounds);
		if (expects(row, who, i) && ratio->median > row->expect[i])
			figures.missed = i;
	}
	return figures;
}

/* Three digits or so. */
static int digits(double number)
{
	return number < 0.1 ? 3 : number < 10 ? 2 : number < 100 ? 1 : 0;
}

static void print_scaled(double number, int width, const char *const *units,
			 double step)
{
	char text[32] = "-";

	if (!isnan(number)) {
		for (; number >= step && units[1]; units++)
			number /= step;
		snprintf(text, sizeof(text), "%.*f%s", digits(number), number,
			 *units);
	}
	printf(" %*s", width, text);
}

static void print_time(double ns)
{
	static const char *const units[] = { " ns", " us", " ms", " s", NULL };

	print_scaled(ns, 8, units, 1000);
}

static void print_rate(double rate)
{
	static const char *const units[] = { "", "k", "M", "G", NULL };

	print_scaled(rate, 6, units, 1000);
}

static void print_ratio(double ratio, bool missed)
{
	char text[32] = "-";

	if (!isnan(ratio))
		snprintf(text, sizeof(text), "%.*f%s", digits(ratio), ratio,
			 missed ? "!" : "");
	printf(" %7s", text);
}

static void print_expectations(const struct row *row, enum who who,
			       const struct figures *figures)
{
	enum who i;

	for (i = REFERENCE_FIRST; i <= REFERENCE_LAST; i++)
		if (expects(row, who, i) &&
		    !isnan(figures->ratio[i - REFERENCE_FIRST].median))
			printf(" %s <= %.2f", names[i], row->expect[i]);
	if (figures->missed < WHOS)
		printf(" MISSED");
	if (!isnan(figures->scaling))
		printf(" scales by %.2f", figures->scaling);
}

static void print_line(const struct row *row, enum who who,
		       const struct figures *figures)
{
	const struct stats *ns = &figures->ns;
	enum who i;

	print_time(ns->median);
	print_time(ns->min);
	if (isnan(ns->median))
		printf("     -");
	else
		printf(" %4.0f%%", 100 * (ns->high - ns->low) / ns->median);
	print_rate(1e9 / ns->median);
	print_rate(figures->bytes > 0 ? figures->bytes * 1e3 / ns->median :
					NAN);
	for (i = REFERENCE_FIRST; i <= REFERENCE_LAST; i++) {
		double ratio = figures->ratio[i - REFERENCE_FIRST].median;

		print_ratio(i == who ? NAN : ratio,
			    expects(row, who, i) && ratio > row->expect[i]);
	}
	print_expectations(row, who, figures);
}

static void csv_number(FILE *csv, double number)
{
	if (isnan(number))
		fputc(',', csv);
	else
		fprintf(csv, ",%.6g", number);
}

static void csv_stats(FILE *csv, const struct stats *stats)
{
	csv_number(csv, stats->median);
	csv_number(csv, stats->min);
	csv_number(csv, stats->low);
	csv_number(csv, stats->high);
}

static void csv_head(FILE *csv)
{
	static const char *const references[NREFERENCES] = {
		"bpf",
		"batch",
		"tmpfs",
		"memory",
	};
	unsigned int i;

	fputs("row,who,ns,ns_min,ns_low,ns_high,ops_per_s,mb_per_s", csv);
	for (i = 0; i < NREFERENCES; i++)
		fprintf(csv, ",%s,%s_min,%s_low,%s_high,%s_expected",
			references[i], references[i], references[i],
			references[i], references[i]);
	fputs(",scaling,missed\n", csv);
}

static void csv_line(FILE *csv, const struct row *row, enum who who,
		     const struct figures *figures)
{
	const struct stats *ns = &figures->ns;
	enum who i;

	fprintf(csv, "\"%s\",%s", row->name, names[who]);
	csv_stats(csv, ns);
	csv_number(csv, 1e9 / ns->median);
	csv_number(csv, figures->bytes > 0 ? figures->bytes * 1e3 / ns->median :
					     NAN);
	for (i = REFERENCE_FIRST; i <= REFERENCE_LAST; i++) {
		csv_stats(csv, &figures->ratio[i - REFERENCE_FIRST]);
		csv_number(csv, expects(row, who, i) ? row->expect[i] : NAN);
	}
	csv_number(csv, figures->scaling);
	fprintf(csv, ",%s\n", figures->missed < WHOS ? "missed" : "");
}

/* Took part, or would have if it could. */
static bool is_shown(const struct result *result)
{
	return result->method || result->err;
}

static void report_row(const struct results *results,
		       const struct results *alone, unsigned int rounds,
		       FILE *csv)
{
	const struct row *row = results->row;
	const char *name = row->name;
	struct figures figures;
	enum who who;

	for (who = 0; who < WHOS; who++) {
		const struct result *result = &results->by[who];

		if (!is_shown(result))
			continue;
		figures = figures_of(results, alone, who, rounds);
		printf("%-20s %-12s", name, names[who]);
		print_line(row, who, &figures);
		if (result->err)
			printf(" %s", strerror(-result->err));
		putchar('\n');
		csv_line(csv, row, who, &figures);
		name = "";
	}
}

static void print_head(const struct bench *bench, unsigned int rounds,
		       double seconds, FILE *to, const char *prefix)
{
	struct utsname kernel = { 0 };
	enum who who;

	uname(&kernel);
	fprintf(to, "%smapfs bench: %s %s %s, %ld CPUs, %s\n", prefix,
		kernel.sysname, kernel.release, kernel.machine,
		sysconf(_SC_NPROCESSORS_ONLN), bench->version);
	fprintf(to, "%s%u rounds in %.0f s; all competitors of a row in each\n",
		prefix, rounds, seconds);
	if (bench->cpu >= 0)
		fprintf(to,
			"%son CPU %d, against noise and wake-ups from CPU "
			"to CPU; on CPU %d where it says 'other CPU', and "
			"second processes\n",
			prefix, bench->cpu, bench->other_cpu);
	else
		fprintf(to, "%son any CPU\n", prefix);
	if (!bench->two_cpus)
		fprintf(to, "%sleft out: two processes: there is one CPU\n",
			prefix);
	if (bench->tmpfs[0])
		fprintf(to, "%stmpfs: files in %s\n", prefix, bench->tmpfs);
	for (who = 0; who < WHOS; who++)
		if (bench->left_out[who][0])
			fprintf(to, "%sleft out: %s: %s\n", prefix, names[who],
				bench->left_out[who]);
}

static const char legend[] =
	"\n"
	"Medians over the rounds; +- is the range of the middle half of them.  Ratios\n"
	"are of time, medians of each round's: 0.50 is twice as fast; ! is more than\n"
	"expected.  Arrays of 8-byte values.  bpf(2) calls work on a kernel array: an\n"
	"add is a lookup and an update, a dump lookups without making text.  memory is\n"
	"anonymous shared memory, memory[i] the same without mapfs/array.h.  What does\n"
	"not depend on the mode is measured in one.\n"
	"\n"
	"                                   median      best   +-   ops/s   MB/s"
	"  bpf(2)   batch   tmpfs  memory  expected\n";

int report(const struct bench *bench, const struct results *results,
	   size_t nresults, unsigned int rounds, double seconds)
{
	FILE *csv = fopen(bench->csv, "w");
	int err = 0;
	size_t i;

	if (!csv) {
		err = -errno;
		fprintf(stderr, "bench: %s: %s\n", bench->csv, strerror(errno));
		return err;
	}
	print_head(bench, rounds, seconds, stdout, "");
	fputs(legend, stdout);
	print_head(bench, rounds, seconds, csv, "# ");
	csv_head(csv);
	for (i = 0; i < nresults; i++)
		report_row(&results[i],
			   find(results, nresults, results[i].row->alone),
			   rounds, csv);
	if (ferror(csv))
		err = -EIO;
	if (fclose(csv) && !err)
		err = -errno;
	if (!err)
		printf("\nThe same as CSV: %s\n", bench->csv);
	return err;
}
