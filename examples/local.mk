# SPDX-License-Identifier: BSD-2-Clause
# For users to read and to start from; tests/lib/examples.test runs them.
check_PROGRAMS += %D%/cache %D%/counter %D%/lpm-lookup

%C%_cache_SOURCES = %D%/cache.c
%C%_cache_LDADD = libmapfs.a
%C%_counter_SOURCES = %D%/counter.c
%C%_counter_LDADD = libmapfs.a
%C%_lpm_lookup_SOURCES = %D%/lpm-lookup.c
%C%_lpm_lookup_LDADD = libmapfs.a

EXTRA_DIST += \
	%D%/array_mmap.py \
	%D%/cache.sh \
	%D%/counter.sh \
	%D%/hash_ctypes.py
