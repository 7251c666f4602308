# SPDX-License-Identifier: BSD-2-Clause
# The library, as programs use it: from other processes, other languages, and
# other projects.  lib.sh says how the tests run.
if HAVE_FUSE
lib_programs = %D%/api %D%/probe %D%/ring %D%/storm %D%/threads
if HAVE_LIBBPF
lib_programs += %D%/libbpf
endif
check_PROGRAMS += $(lib_programs)

%C%_api_SOURCES = %D%/api.c %D%/api.h \
	%D%/api_no_keys.c \
	%D%/api_of_maps.c
%C%_api_LDADD = libmapfs.a
%C%_threads_SOURCES = %D%/threads.c
%C%_threads_LDADD = libmapfs.a
%C%_probe_SOURCES = %D%/probe.c
%C%_probe_LDADD = libmapfs.a
%C%_ring_SOURCES = %D%/ring.c
%C%_ring_LDADD = libmapfs.a
%C%_libbpf_SOURCES = %D%/libbpf.c
%C%_libbpf_CFLAGS = $(AM_CFLAGS) $(LIBBPF_CFLAGS)
%C%_libbpf_LDADD = libmapfs.a $(LIBBPF_LIBS)
%C%_storm_SOURCES = %D%/storm.c
%C%_storm_LDADD = libmapfs.a

lib_tests = \
	%D%/abi.test \
	%D%/api.test \
	%D%/death.test \
	%D%/examples.test \
	%D%/install.test \
	%D%/processes.test \
	%D%/ring.test
TESTS += $(lib_tests)
endif
EXTRA_DIST += $(lib_tests) %D%/lib.sh %D%/abi.c %D%/header.cc

# Programs that the tests compile are like ours.
AM_TESTS_ENVIRONMENT = CC='$(CC)'; export CC; \
	CFLAGS='$(SANITIZER_CFLAGS) $(COVERAGE_CFLAGS)'; export CFLAGS;
