# SPDX-License-Identifier: BSD-2-Clause
noinst_LIBRARIES += libcore.a

libcore_a_SOURCES = \
	%D%/charge.c %D%/charge.h \
	%D%/idr.c %D%/idr.h \
	%D%/limits.h \
	%D%/map.c %D%/map.h \
	%D%/map_array.c \
	%D%/map_batch.c \
	%D%/map_types.def \
	%D%/region.c %D%/region.h \
	%D%/topology.c %D%/topology.h
