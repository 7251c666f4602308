/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A measurement of one competitor of a row, by one process or by two at once.
 * The second process is started when the group's data is there and stays for
 * the group: what it has opened and mapped is as warm as with the first.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include "bench.h"

/* Start the second process for these rows; measure_stop ends it. */
int measure_start(const struct bench *bench, const struct row *const *rows);
void measure_stop(void);

/*
 * The time of an operation of row number 'n', in ns; NAN, and the competitor
 * is given up.  After 'limit' ns no more is begun than has to be.
 */
double measure(struct result *result, const struct row *row, size_t n,
	       double limit);

/* Where there is one CPU, what must be done once is done by one process. */
bool by_two(const struct bench *bench, const struct row *row);

#endif
