# SPDX-License-Identifier: BSD-2-Clause
# make bench: no part of make check.  BENCH_ROUNDS and BENCH_SECONDS scale it,
# BENCH_CSV names the file that gets the figures, BENCH_PIN=0 leaves it to the
# kernel where things run.
EXTRA_PROGRAMS += %D%/bench
CLEANFILES += %D%/bench$(EXEEXT) bench.csv

%C%_bench_SOURCES = \
	%D%/bench.c %D%/bench.h \
	%D%/cpus.c \
	%D%/data.c \
	%D%/kernel_map.c %D%/kernel_map.h \
	%D%/mounts.c \
	%D%/report.c \
	%D%/rows_elements.c \
	%D%/rows_maps.c \
	%D%/rows_memory.c \
	%D%/rows_text.c \
	%D%/run.c \
	%D%/stats.c %D%/stats.h \
	%D%/subject.c

if HAVE_FUSE
bench: %D%/bench$(EXEEXT) mapfs$(EXEEXT)
	./%D%/bench$(EXEEXT) ./mapfs$(EXEEXT)
else
bench:
	@echo 'make bench measures mounts: it needs libfuse 3.14 or later' >&2
	@false
endif
