/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

const char *const who_names[WHOS] = {
	[WHO_PASSTHROUGH] = "passthrough",
	[WHO_SYMLINK] = "symlink",
	[WHO_CACHED] = "cached",
	[WHO_DAEMON] = "daemon",
	[WHO_LIB] = "libmapfs",
	[WHO_MAP] = "mapfs",
	[WHO_RUN] = "mapfs-run",
	[WHO_BPF] = "bpf(2)",
	[WHO_BATCH] = "bpf(2) batch",
	[WHO_TMPFS] = "tmpfs",
	[WHO_TDB] = "tdb",
	[WHO_LMDB] = "LMDB",
	[WHO_REDIS] = "Redis",
	[WHO_PIPE] = "Redis pipelined",
	[WHO_FIFO] = "pipe",
	[WHO_SOCKET] = "unix socket",
	[WHO_NOTIFY] = "notification",
	[WHO_MEMORY] = "memory",
	[WHO_PLAIN] = "memory[i]",
};

/* The results of another row of the same group. */
static const struct results *find(const struct results *all, size_t n,
				  const struct group *group,
				  const struct row *row)
{
	size_t i;

	for (i = 0; i < n && (all[i].group != group || all[i].row != row); i++)
		;
	return row && i < n ? &all[i] : NULL;
}

bool expects(const struct results *results, enum who who, enum who reference)
{
	const struct row *row = results->row;

	return results->group->expected && (row->expect_of & 1u << who) &&
	       row->expect[reference] > 0;
}

double ratio_of(const struct figures *figures, enum who reference)
{
	return figures->ratio[reference - REFERENCE_FIRST].median;
}

struct figures figures_of(const struct results *all, size_t n,
			  const struct results *results, enum who who,
			  unsigned int rounds)
{
	const struct row *row = results->row;
	const double *ns = results->by[who].ns;
	const struct results *alone;
	struct figures figures;
	enum who i;

	alone = find(all, n, results->group, row->alone);
	figures.ns = stats_of(ns, rounds);
	figures.bytes = row->bytes;
	figures.missed = WHOS;
	figures.scaling = NAN;
	if (alone)
		figures.scaling =
			stats_of_ratios(alone->by[who].ns, ns, rounds).median;
	for (i = REFERENCE_FIRST; i <= REFERENCE_LAST; i++) {
		figures.ratio[i - REFERENCE_FIRST] =
			stats_of_ratios(ns, results->by[i].ns, rounds);
		if (expects(results, who, i) &&
		    ratio_of(&figures, i) > results->row->expect[i])
			figures.missed = i;
	}
	return figures;
}

bool is_shown(const struct result *result)
{
	return result->method || result->err;
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

void print_time(double ns)
{
	static const char *const units[] = { " ns", " us", " ms", " s", NULL };

	print_scaled(ns, 8, units, 1000);
}

void print_spread(const struct stats *ns)
{
	if (isnan(ns->median))
		printf("     -");
	else
		printf(" %4.0f%%", 100 * (ns->high - ns->low) / ns->median);
}

void print_rate(double rate)
{
	static const char *const units[] = { "", "k", "M", "G", NULL };

	print_scaled(rate, 6, units, 1000);
}

void print_ratio(const struct results *results, enum who who,
		 const struct figures *figures, enum who reference)
{
	double ratio = reference == who ? NAN : ratio_of(figures, reference);
	bool missed = expects(results, who, reference) &&
		      ratio > results->row->expect[reference];
	char text[32] = "-";

	if (!isnan(ratio))
		snprintf(text, sizeof(text), "%.*f%s", digits(ratio), ratio,
			 missed ? "!" : "");
	printf(" %7s", text);
}

void print_expectations(const struct results *results, enum who who,
			const struct figures *figures)
{
	enum who i;

	for (i = REFERENCE_FIRST; i <= REFERENCE_LAST; i++)
		if (expects(results, who, i) && !isnan(ratio_of(figures, i)))
			printf(" %s <= %.3g", who_names[i],
			       results->row->expect[i]);
	if (figures->missed < WHOS)
		printf(" MISSED");
	if (!isnan(figures->scaling))
		printf(" scales by %.2f", figures->scaling);
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

void report_csv_head(FILE *csv)
{
	static const char *const references[NREFERENCES] = {
		"bpf",	"batch", "tmpfs",  "tdb",    "lmdb",   "redis",
		"pipe", "fifo",	 "socket", "notify", "memory",
	};
	unsigned int i;

	fputs("group,row,who,ns,ns_min,ns_low,ns_high,ops_per_s,mb_per_s", csv);
	for (i = 0; i < NREFERENCES; i++)
		fprintf(csv, ",%s,%s_min,%s_low,%s_high,%s_expected",
			references[i], references[i], references[i],
			references[i], references[i]);
	fputs(",scaling,missed,note\n", csv);
}

static void csv_line(FILE *csv, const struct results *results, enum who who,
		     const struct figures *figures)
{
	const struct row *row = results->row;
	const struct stats *ns = &figures->ns;
	enum who i;

	fprintf(csv, "%s,\"%s\",%s", results->group->name, row->name,
		who_names[who]);
	csv_stats(csv, ns);
	csv_number(csv, 1e9 / ns->median);
	csv_number(csv, figures->bytes > 0 ? figures->bytes * 1e3 / ns->median :
					     NAN);
	for (i = REFERENCE_FIRST; i <= REFERENCE_LAST; i++) {
		csv_stats(csv, &figures->ratio[i - REFERENCE_FIRST]);
		csv_number(csv, expects(results, who, i) ?
					results->row->expect[i] :
					NAN);
	}
	csv_number(csv, figures->scaling);
	fprintf(csv, ",%s,%s\n", figures->missed < WHOS ? "missed" : "",
		results->by[who].subject.note);
}

static void print_head(const struct bench *bench, unsigned int rounds,
		       double seconds, FILE *to, const char *prefix)
{
	struct utsname kernel = { 0 };
	const char *line;
	const char *end;

	uname(&kernel);
	fprintf(to, "%smapfs bench: %s %s %s, %ld CPUs%s%s\n", prefix,
		kernel.sysname, kernel.release, kernel.machine,
		sysconf(_SC_NPROCESSORS_ONLN), bench->version[0] ? ", " : "",
		bench->version);
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
	for (line = bench->notes; *line; line = end + 1) {
		end = strchr(line, '\n');
		fprintf(to, "%sleft out: %.*s\n", prefix, (int)(end - line),
			line);
	}
}

void report(const struct bench *bench, const struct part *part,
	    const struct results *results, size_t nresults, unsigned int rounds,
	    double seconds, FILE *csv)
{
	struct figures figures;
	enum who who;
	size_t i;

	print_head(bench, rounds, seconds, stdout, "");
	part->print(results, nresults, bench->rounds);
	print_head(bench, rounds, seconds, csv, "# ");
	for (i = 0; i < nresults; i++) {
		for (who = 0; results[i].row && who < WHOS; who++) {
			if (!is_shown(&results[i].by[who]))
				continue;
			figures = figures_of(results, nresults, &results[i],
					     who, bench->rounds);
			csv_line(csv, &results[i], who, &figures);
		}
	}
}
