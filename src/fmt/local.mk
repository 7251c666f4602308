# SPDX-License-Identifier: BSD-2-Clause
noinst_LIBRARIES += libfmt.a

libfmt_a_SOURCES = \
	%D%/command.c %D%/command.h \
	%D%/element.c %D%/element.h \
	%D%/error.c %D%/error.h \
	%D%/limits.h \
	%D%/prefix.c %D%/prefix.h \
	%D%/spec.c %D%/spec.h \
	%D%/text.c %D%/text.h \
	%D%/value.c %D%/value.h \
	%D%/word.c %D%/word.h
