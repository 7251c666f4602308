# SPDX-License-Identifier: BSD-2-Clause
# One macro a concern; configure.ac says in which order.

# AX_PTHREAD_FLAGS: glibc before 2.34 keeps threads in a library of their own.
AC_DEFUN([AX_PTHREAD_FLAGS], [
	AC_SEARCH_LIBS([pthread_create], [pthread])
])

# MAPFS_CC_FLAG(FLAG): add FLAG to WARN_CFLAGS if the compiler takes it.
AC_DEFUN([MAPFS_CC_FLAG], [
	AS_VAR_PUSHDEF([known], [mapfs_cv_cc_flag_$1])
	AC_CACHE_CHECK([whether $CC takes $1], [known], [
		mapfs_saved=$CFLAGS
		CFLAGS="$CFLAGS -Werror $1"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
			[AS_VAR_SET([known], [yes])],
			[AS_VAR_SET([known], [no])])
		CFLAGS=$mapfs_saved
	])
	AS_VAR_IF([known], [yes], [WARN_CFLAGS="$WARN_CFLAGS $1"])
	AS_VAR_POPDEF([known])
])

AC_DEFUN([MAPFS_WARNINGS], [
	AC_ARG_ENABLE([werror],
		[AS_HELP_STRING([--enable-werror], [turn warnings into errors])],
		[], [enable_werror=no])
	WARN_CFLAGS=
	m4_foreach_w([flag], [-Wall -Wextra -Wshadow -Wmissing-prototypes
		-Wstrict-prototypes -Wvla -Wundef -Wwrite-strings],
		[MAPFS_CC_FLAG(flag)])
	AS_IF([test "$enable_werror" = yes],
		[WARN_CFLAGS="$WARN_CFLAGS -Werror"])
	AC_SUBST([WARN_CFLAGS])
])

AC_DEFUN([MAPFS_SANITIZERS], [
	AC_ARG_ENABLE([sanitizers],
		[AS_HELP_STRING([--enable-sanitizers=LIST],
			[build with -fsanitize=LIST (address,undefined or thread)])],
		[], [enable_sanitizers=no])
	SANITIZER_CFLAGS=
	AS_CASE([$enable_sanitizers],
		[no], [],
		[yes], [enable_sanitizers=address,undefined])
	AS_IF([test "$enable_sanitizers" != no], [
		SANITIZER_CFLAGS="-fsanitize=$enable_sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer"
		mapfs_saved=$CFLAGS
		CFLAGS="$CFLAGS $SANITIZER_CFLAGS"
		AC_LINK_IFELSE([AC_LANG_PROGRAM()], [],
			[AC_MSG_ERROR([$CC cannot link with -fsanitize=$enable_sanitizers])])
		CFLAGS=$mapfs_saved
	])
	AC_SUBST([SANITIZER_CFLAGS])
])

# The fuzz targets are always built, to replay their seeds in make check; with
# this they are linked with the compiler's fuzzer instead (clang).
AC_DEFUN([MAPFS_FUZZING], [
	AC_ARG_ENABLE([fuzzing],
		[AS_HELP_STRING([--enable-fuzzing], [link tests/fuzz with libFuzzer (needs clang)])],
		[], [enable_fuzzing=no])
	FUZZ_CFLAGS=
	AS_IF([test "$enable_fuzzing" = yes], [
		FUZZ_CFLAGS="-fsanitize=fuzzer"
		SANITIZER_CFLAGS="$SANITIZER_CFLAGS -fsanitize=fuzzer-no-link"
		mapfs_saved=$CFLAGS
		CFLAGS="$CFLAGS $FUZZ_CFLAGS"
		AC_LINK_IFELSE([AC_LANG_SOURCE([[
			#include <stddef.h>
			int LLVMFuzzerTestOneInput(const unsigned char *d, size_t n);
			int LLVMFuzzerTestOneInput(const unsigned char *d, size_t n) { return n && !d; }]])],
			[], [AC_MSG_ERROR([$CC cannot link with -fsanitize=fuzzer: configure with CC=clang])])
		CFLAGS=$mapfs_saved
	])
	AC_SUBST([FUZZ_CFLAGS])
	AM_CONDITIONAL([FUZZING], [test "$enable_fuzzing" = yes])
])

AC_DEFUN([MAPFS_COVERAGE], [
	AC_ARG_ENABLE([coverage],
		[AS_HELP_STRING([--enable-coverage], [build for gcov])],
		[], [enable_coverage=no])
	COVERAGE_CFLAGS=
	AS_IF([test "$enable_coverage" = yes],
		[COVERAGE_CFLAGS="--coverage -O0"])
	AC_SUBST([COVERAGE_CFLAGS])
])

# libfuse, and by which way its files reach memory without the daemon.  From
# 3.17 on libfuse has an interface for FUSE passthrough; before, the daemon
# speaks that part of the protocol itself (src/fs/passthrough.c).
AC_DEFUN([MAPFS_FUSE], [
	PKG_CHECK_MODULES([FUSE], [fuse3 >= 3.14], [have_fuse=yes],
		[have_fuse=no
		AC_MSG_WARN([libfuse 3.14 or later is missing: building the core and its tests only])])
	passthrough_by=none
	AS_IF([test "$have_fuse" = yes], [
		passthrough_by="own protocol code (libfuse has no interface for it)"
		mapfs_saved_libs=$LIBS
		mapfs_saved=$CFLAGS
		LIBS="$LIBS $FUSE_LIBS"
		CFLAGS="$CFLAGS $FUSE_CFLAGS -DFUSE_USE_VERSION=314"
		AC_CHECK_FUNC([fuse_passthrough_open], [
			AC_CHECK_MEMBER([struct fuse_file_info.backing_id], [
				passthrough_by="libfuse"
				AC_DEFINE([HAVE_FUSE_PASSTHROUGH], [1],
					[Define if libfuse has fuse_passthrough_open.])],
				[], [[#include <fuse_lowlevel.h>]])])
		LIBS=$mapfs_saved_libs
		CFLAGS=$mapfs_saved
	])
	AM_CONDITIONAL([HAVE_FUSE], [test "$have_fuse" = yes])
])

# What make bench measures mapfs beside, where it is to be had.
AC_DEFUN([MAPFS_BENCH], [
	PKG_CHECK_MODULES([TDB], [tdb >= 1.3], [have_tdb=yes
		AC_DEFINE([HAVE_TDB], [1], [Define if tdb is there.])],
		[have_tdb=no])
	PKG_CHECK_MODULES([LMDB], [lmdb >= 0.9], [have_lmdb=yes
		AC_DEFINE([HAVE_LMDB], [1], [Define if LMDB is there.])],
		[have_lmdb=no])
	PKG_CHECK_MODULES([HIREDIS], [hiredis >= 0.14], [have_hiredis=yes
		AC_DEFINE([HAVE_HIREDIS], [1], [Define if hiredis is there.])],
		[have_hiredis=no])
])
