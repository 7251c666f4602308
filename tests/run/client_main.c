/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client [DIR [redirected]]: all checks; those of pins in DIR, a bpffs, or what
 * calls for pins take for one.
 */
#include <stddef.h>

#include "client.h"

int main(int argc, char **argv)
{
	check_attrs();
	check_creation();
	check_order();
	check_batches();
	check_modes();
	check_mapping();
	check_ids();
	check_info();
	check_sharing();
	check_probes();
	check_slots();
	check_btf();
	if (argc > 1)
		check_pins(argv[1], argc == 2);
	return failures != 0;
}
