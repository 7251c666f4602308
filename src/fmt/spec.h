/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The spec line, by which maps are made:
 *
 *	NAME type TYPE key BYTES value BYTES entries N
 *		[flags FLAG[,FLAG...]] [extra N] [numa N] [inner NAME]
 *		[mode OCTAL]
 */
#ifndef FMT_SPEC_H
#define FMT_SPEC_H

#include <sys/types.h>

#include "core/map.h"
#include "fmt/text.h"
#include "fmt/word.h"

struct spec {
	struct map_attr attr; /* map_name too, where there is one */
	bool has_mode;
	mode_t mode;		  /* permission bits */
	char inner[MAP_TEXT_LEN]; /* maps of maps: the example; else "" */
};

/*
 * Parse a line, with a NAME in front of it if 'named'.  1 for a spec; 0 for a
 * line that is blank or a comment; -EINVAL malformed, -ERANGE a number that
 * does not fit.  Whether the attributes make sense is map_create's business.
 */
int spec_parse(const char *line, size_t len, bool named, struct spec *spec,
	       struct fmt_error *error);

/* May a map directory have this name?  0; -EINVAL, -ENAMETOOLONG. */
int spec_check_name(const char *name, size_t len, struct fmt_error *error);

/* The line that makes such a map, without name and newline. */
void spec_print(struct text *text, const struct map *map);

/* The flags alone: "rdonly,0x80000", or "none". */
void spec_print_flags(struct text *text, uint32_t flags);

/* The grammar with examples, as comment lines. */
void spec_print_help(struct text *text);

#endif
