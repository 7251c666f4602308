/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands of a map's ctl file, one a line.  Verbs are matched whole.
 */
#ifndef FMT_COMMAND_H
#define FMT_COMMAND_H

#include "core/map.h"
#include "fmt/text.h"
#include "fmt/word.h"

/*
 * Run the command on a line.  A blank line or a comment does nothing.  0;
 * -EINVAL malformed or unknown; -EOPNOTSUPP not for this type of map; what
 * the operation returns.  A command is carried out whole or not at all.
 */
int command_run(struct map *map, const char *line, size_t len,
		struct fmt_error *error);

/* The commands that this map takes, with usage, a line each. */
void command_print_help(struct text *text, const struct map *map);

#endif
