/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Medians of measurements.  Those that were not made are NAN and do not
 * count; of none the figures are NAN.
 */
#ifndef STATS_H
#define STATS_H

struct stats {
	double min;
	double low; /* quartiles */
	double median;
	double high;
};

struct stats stats_of(const double *samples, unsigned int n);

/* Of the ratios sample by sample: each pair was measured at one time. */
struct stats stats_of_ratios(const double *samples, const double *references,
			     unsigned int n);

#endif
