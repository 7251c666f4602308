/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits of the text forms, each with its unit and its reason. */
#ifndef FMT_LIMITS_H
#define FMT_LIMITS_H

/*
 * Bytes of a value (of all its per-CPU slots) that is shown and taken as
 * text.  The largest hash value or queue element there can be; only arrays
 * have larger ones, and those are for the elements file.
 */
#define FMT_VALUE_MAX (4u << 20)

/*
 * Bytes of answers to commands that wait to be read, beyond which no command
 * that answers is taken: many small ones at once, and no end of them never.
 */
#define FMT_ANSWER_MAX (64u << 10)

/* Bytes of a spec line, name and comment included: a page of words. */
#define FMT_SPEC_MAX 4096u

/* Bytes of an error message, the terminating zero included. */
#define FMT_ERROR_MAX 256u

#endif
