# SPDX-License-Identifier: BSD-2-Clause
# make bench: no part of make check.  BENCH_ROUNDS and BENCH_SECONDS scale it,
# BENCH_ROWS="hash 100k" measures what has that in the name of its group (mount,
# lib and run are the other parts), BENCH_CSV names the file that gets the figures, BENCH_PIN=0
# leaves it to the kernel where things run.
EXTRA_PROGRAMS += %D%/bench
CLEANFILES += %D%/bench$(EXEEXT) bench.csv

%C%_bench_CFLAGS = $(AM_CFLAGS) $(TDB_CFLAGS) $(LMDB_CFLAGS) $(HIREDIS_CFLAGS)
%C%_bench_LDADD = libmapfs.a libcore.a $(TDB_LIBS) $(LMDB_LIBS) \
	$(HIREDIS_LIBS)
%C%_bench_SOURCES = \
	%D%/bench.c %D%/bench.h \
	%D%/caller.c %D%/caller.h \
	%D%/cpus.c \
	%D%/data.c \
	%D%/hash.h \
	%D%/hash_data.c \
	%D%/hash_methods.c %D%/hash_methods.h \
	%D%/hash_rows.c \
	%D%/kernel_map.c %D%/kernel_map.h \
	%D%/measure.c %D%/measure.h \
	%D%/mounts.c \
	%D%/notify.c %D%/notify.h \
	%D%/report.c %D%/report.h \
	%D%/rows_elements.c \
	%D%/rows_lib.c \
	%D%/rows_maps.c \
	%D%/rows_memory.c \
	%D%/rows_queue.c \
	%D%/rows_rings.c \
	%D%/rows_run.c \
	%D%/rows_text.c \
	%D%/run.c \
	%D%/stats.c %D%/stats.h \
	%D%/store_bpf.c \
	%D%/store_lib.c \
	%D%/store_lmdb.c \
	%D%/store_map.c \
	%D%/store_redis.c \
	%D%/store_tdb.c \
	%D%/subject.c \
	%D%/table_hash.c \
	%D%/table_mount.c \
	%D%/touch.c

# Without libfuse there are no mounts to measure.
if HAVE_FUSE
bench: %D%/bench$(EXEEXT) mapfs-run$(EXEEXT) mapfs$(EXEEXT)
	./%D%/bench$(EXEEXT) -m ./mapfs$(EXEEXT) -r ./mapfs-run$(EXEEXT)
else
bench: %D%/bench$(EXEEXT) mapfs-run$(EXEEXT)
	./%D%/bench$(EXEEXT) -r ./mapfs-run$(EXEEXT)
endif
