# SPDX-License-Identifier: BSD-2-Clause
# End to end, as a user types.  Each *.test says at its top what it is about;
# lib.sh says how they run.
if HAVE_FUSE
check_PROGRAMS += %D%/atomic-add %D%/client %D%/table
endif

%C%_atomic_add_SOURCES = %D%/atomic-add.c
%C%_client_SOURCES = %D%/client.c
%C%_table_SOURCES = %D%/table.c
%C%_table_LDADD = libcore.a

fs_tests = \
	%D%/array.test \
	%D%/bloom.test \
	%D%/concurrency.test \
	%D%/create.test \
	%D%/entries.test \
	%D%/freeze.test \
	%D%/hash.test \
	%D%/limits.test \
	%D%/lpm.test \
	%D%/lru.test \
	%D%/maps_of_maps.test \
	%D%/mmap.test \
	%D%/mount.test \
	%D%/percpu.test \
	%D%/queue.test \
	%D%/readme.test \
	%D%/ring.test \
	%D%/security.test \
	%D%/spec.test \
	%D%/unpriv.test

TESTS += $(fs_tests)
EXTRA_DIST += $(fs_tests) %D%/lib.sh
