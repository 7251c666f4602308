/* SPDX-License-Identifier: BSD-2-Clause */
/* The figures of a competitor, for the tables. */
#ifndef REPORT_H
#define REPORT_H

#include "bench.h"
#include "stats.h"

struct figures {
	struct stats ns;		 /* an operation */
	struct stats ratio[NREFERENCES]; /* NAN: not compared */
	double scaling;			 /* NAN: one process */
	double bytes;			 /* an operation moves, or 0 */
	enum who missed;		 /* WHOS: nothing */
};

/* 'all' are the n results of the part, 'results' are one of them. */
struct figures figures_of(const struct results *all, size_t n,
			  const struct results *results, enum who who,
			  unsigned int rounds);
double ratio_of(const struct figures *figures, enum who reference);

/* Is a ratio expected of it? */
bool expects(const struct results *results, enum who who, enum who reference);

/* Took part, or would have if it could. */
bool is_shown(const struct result *result);

/* Columns; NAN is a dash.  print_expectations ends the line but for '\n'. */
void print_time(double ns);
void print_spread(const struct stats *ns);
void print_rate(double rate);
void print_ratio(const struct results *results, enum who who,
		 const struct figures *figures, enum who reference);
void print_expectations(const struct results *results, enum who who,
			const struct figures *figures);

#endif
