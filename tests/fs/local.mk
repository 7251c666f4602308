# SPDX-License-Identifier: BSD-2-Clause
# End to end, as a user types.  Each *.test says at its top what it is about;
# lib.sh says how they run.
if HAVE_FUSE
check_PROGRAMS += %D%/atomic-add %D%/client
endif

%C%_atomic_add_SOURCES = %D%/atomic-add.c
%C%_client_SOURCES = %D%/client.c

fs_tests = \
	%D%/array.test \
	%D%/concurrency.test \
	%D%/create.test \
	%D%/freeze.test \
	%D%/limits.test \
	%D%/mmap.test \
	%D%/mount.test \
	%D%/percpu.test \
	%D%/readme.test \
	%D%/unpriv.test

TESTS += $(fs_tests)
EXTRA_DIST += $(fs_tests) %D%/lib.sh
