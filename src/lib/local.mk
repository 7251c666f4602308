# SPDX-License-Identifier: BSD-2-Clause
# libmapfs: the core once more, position-independent and hidden.
lib_LTLIBRARIES += libmapfs.la
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = %D%/libmapfs.pc

libmapfs_la_SOURCES = \
	%D%/batch.c \
	%D%/elements.c \
	%D%/files.c \
	%D%/info.c \
	%D%/inner.c \
	%D%/lib.h \
	%D%/mapfs.c \
	%D%/process.c \
	%D%/ring.c \
	$(libcore_a_SOURCES)
libmapfs_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
libmapfs_la_LIBTOOLFLAGS = --tag=disable-static
# current:revision:age, see libtool's manual: what is removed or changed makes
# a library of another name.
libmapfs_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -no-undefined \
	-Wl,--version-script=$(top_srcdir)/%D%/libmapfs.map
EXTRA_libmapfs_la_DEPENDENCIES = %D%/libmapfs.map
EXTRA_DIST += %D%/libmapfs.map

# The static library is one object, in which what is hidden is local: a program
# may have a map_get of its own.
staticdir = $(libdir)
static_DATA = libmapfs.a
libmapfs.a: libmapfs.la
	$(AM_V_GEN)objects=; for lo in $(libmapfs_la_OBJECTS); do \
		objects="$$objects $${lo%/*}/.libs/$$(basename $$lo .lo).o"; \
	done; \
	$(CC) -r -nostdlib -o libmapfs-all.o $$objects && \
	$(OBJCOPY) --localize-hidden libmapfs-all.o && \
	rm -f $@ && $(AR) cr $@ libmapfs-all.o && $(RANLIB) $@ && \
	rm -f libmapfs-all.o
CLEANFILES += libmapfs.a libmapfs-all.o
