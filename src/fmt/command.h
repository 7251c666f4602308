/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands of a map's ctl file, one a line.  Verbs are matched whole.
 */
#ifndef FMT_COMMAND_H
#define FMT_COMMAND_H

#include "core/map.h"
#include "fmt/text.h"
#include "fmt/word.h"

struct command_io {
	struct text *answer; /* NULL: nobody can read it */
	/*
	 * Set, in nanoseconds, when the answer is still to come, so long at
	 * most: by command_pop.
	 */
	uint64_t wait;
};

/*
 * Run the command on a line.  A blank line or a comment does nothing.  0;
 * -EINVAL malformed or unknown; -EOPNOTSUPP not for this type of map; what
 * the operation returns.  A command is carried out whole or not at all.
 *
 * What it answers is appended to io->answer, whose buffer grows: see
 * text_reserve.  -ENOBUFS when there is too much in it already.  A command
 * that answers is -EPERM when nobody can read it.
 */
int command_run(struct map *map, const char *line, size_t len,
		struct command_io *io, struct fmt_error *error);

/* The next element of a queue or stack as an answer.  -ENOENT: none yet. */
int command_pop(struct map *map, struct text *answer, struct fmt_error *error);

/* The commands that this map takes, with usage, a line each. */
void command_print_help(struct text *text, const struct map *map);

#endif
