/* SPDX-License-Identifier: BSD-2-Clause */
#include "stats.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value that a share of the sorted ones is below. */
static double quantile(const double *sorted, unsigned int n, double share)
{
	double at = share * (n - 1);
	unsigned int below = (unsigned int)at;

	if (below + 1 >= n)
		return sorted[n - 1];
	return sorted[below] +
	       (at - below) * (sorted[below + 1] - sorted[below]);
}

static struct stats stats_of_own(double *samples, unsigned int n)
{
	struct stats stats = { NAN, NAN, NAN, NAN };

	if (!n)
		return stats;
	qsort(samples, n, sizeof(*samples), compare);
	stats.min = samples[0];
	stats.low = quantile(samples, n, 0.25);
	stats.median = quantile(samples, n, 0.5);
	stats.high = quantile(samples, n, 0.75);
	return stats;
}

struct stats stats_of_ratios(const double *samples, const double *references,
			     unsigned int n)
{
	double *ratios = calloc(n + 1, sizeof(*ratios));
	struct stats stats;
	unsigned int made = 0;
	unsigned int i;

	for (i = 0; ratios && i < n; i++) {
		ratios[made] = samples[i];
		if (references)
			ratios[made] /= references[i];
		if (!isnan(ratios[made]))
			made++;
	}
	stats = stats_of_own(ratios, made);
	free(ratios);
	return stats;
}

struct stats stats_of(const double *samples, unsigned int n)
{
	return stats_of_ratios(samples, NULL, n);
}
