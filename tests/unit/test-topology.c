/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of CPUs and nodes, and what the machine says of itself. */
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "core/limits.h"
#include "core/topology.h"
#include "unit.h"

START_TEST(test_lists)
{
	static const struct {
		const char *text;
		unsigned int end;
	} lists[] = {
		{ "0", 1 },
		{ "0\n", 1 },
		{ "7", 8 },
		{ "0-1", 2 },
		{ "0-3,8", 9 },
		{ "0-3,8\n", 9 },
		{ "8,0-3", 9 },
		{ "1,1,1", 2 },
		{ "5-5", 6 },
		{ "0-1048575", 1048576 },
		{ "", 0 },
		{ "\n", 0 },
		{ " 0", 0 },
		{ "0 ", 0 },
		{ "x", 0 },
		{ "0-", 0 },
		{ "-1", 0 },
		{ "0-x", 0 },
		{ "3-1", 0 },
		{ "0,", 0 },
		{ ",0", 0 },
		{ "0,,1", 0 },
		{ "0-1-2", 0 },
		{ "0,x", 0 },
		{ "+1", 0 },
		{ "0-+1", 0 },
		{ "1048576", 0 },
		{ "0-1048576", 0 },
		{ "99999999999999999999999", 0 },
		{ "0-99999999999999999999999", 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		ck_assert_msg(topology_parse_list(lists[i].text, -1, NULL) ==
				      lists[i].end,
			      "'%s'", lists[i].text);
}
END_TEST

START_TEST(test_members)
{
	const char *in = "0-3,8,10-11";
	long member;
	bool found;

	for (member = -2; member < 14; member++) {
		ck_assert_uint_eq(topology_parse_list(in, member, &found), 12);
		ck_assert_int_eq(found, (member >= 0 && member <= 3) ||
						member == 8 || member == 10 ||
						member == 11);
	}
	found = true;
	ck_assert_uint_eq(topology_parse_list("", 0, &found), 0);
	ck_assert(!found);
}
END_TEST

START_TEST(test_cpus)
{
	FILE *file = fopen("/sys/devices/system/cpu/possible", "r");
	char list[256];

	ck_assert_uint_ge(topology_cpus(), 1);
	ck_assert_uint_le(topology_cpus(), MAP_CPUS_MAX);
	if (file) {
		ck_assert_ptr_nonnull(fgets(list, sizeof(list), file));
		fclose(file);
		ck_assert_uint_eq(topology_cpus(),
				  topology_parse_list(list, -1, NULL));
	}
	ck_assert_uint_ge(topology_cpus(),
			  (unsigned int)sysconf(_SC_NPROCESSORS_ONLN));
}
END_TEST

START_TEST(test_this_cpu)
{
	cpu_set_t allowed;
	cpu_set_t one;
	unsigned int cpu;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	for (cpu = 0; cpu < topology_cpus() && cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
		ck_assert_uint_eq(topology_this_cpu(), cpu);
	}
}
END_TEST

START_TEST(test_memory)
{
	ck_assert_uint_eq(topology_memory(),
			  (uint64_t)sysconf(_SC_PHYS_PAGES) *
				  (uint64_t)sysconf(_SC_PAGESIZE));
}
END_TEST

START_TEST(test_nodes)
{
	ck_assert(topology_node_online(0));
	ck_assert(!topology_node_online(-1));
	ck_assert(!topology_node_online(-2));
	ck_assert(!topology_node_online(1 << 19));
	ck_assert(!topology_node_online(INT32_MAX));
	ck_assert(!topology_node_online(INT32_MIN));
}
END_TEST

START_TEST(test_cpus_pretended)
{
	static const struct {
		const char *text;
		unsigned int cpus;
	} lists[] = {
		{ "0-6\n", 7 },
		{ "0\n", 1 },
		{ "0-8191\n", MAP_CPUS_MAX },
		{ "0-8192\n", MAP_CPUS_MAX },
		{ "0-99999\n", MAP_CPUS_MAX },
	};

	if (unit_pretend("/sys/devices/system/cpu", "possible", lists[_i].text))
		ck_assert_uint_eq(topology_cpus(), lists[_i].cpus);
}
END_TEST

START_TEST(test_cpus_hidden)
{
	if (unit_pretend("/sys", NULL, NULL))
		ck_assert_uint_eq(topology_cpus(),
				  (unsigned int)sysconf(_SC_NPROCESSORS_CONF));
}
END_TEST

START_TEST(test_nodes_pretended)
{
	int node;

	if (!unit_pretend("/sys/devices/system/node", "online", "0-1,3\n"))
		return;
	for (node = -1; node < 6; node++)
		ck_assert_int_eq(topology_node_online(node),
				 node == 0 || node == 1 || node == 3);
}
END_TEST

START_TEST(test_nodes_hidden)
{
	if (!unit_pretend("/sys", NULL, NULL))
		return;
	ck_assert(topology_node_online(0));
	ck_assert(!topology_node_online(1));
}
END_TEST

void unit_suite(Suite *suite)
{
	TCase *tcase = unit_case(suite, "topology");

	tcase_add_test(tcase, test_lists);
	tcase_add_test(tcase, test_members);
	tcase_add_test(tcase, test_cpus);
	tcase_add_test(tcase, test_this_cpu);
	tcase_add_test(tcase, test_memory);
	tcase_add_test(tcase, test_nodes);

	tcase = unit_case(suite, "pretended");
	tcase_add_loop_test(tcase, test_cpus_pretended, 0, 5);
	tcase_add_test(tcase, test_cpus_hidden);
	tcase_add_test(tcase, test_nodes_pretended);
	tcase_add_test(tcase, test_nodes_hidden);
}
