# SPDX-License-Identifier: BSD-2-Clause
# The unit tests: a program for each module, see unit.h.
if HAVE_CHECK
UNIT_TESTS = \
	%D%/test-adopt \
	%D%/test-array-file \
	%D%/test-array-mmap \
	%D%/test-array \
	%D%/test-attach \
	%D%/test-bitset \
	%D%/test-bloom \
	%D%/test-charge \
	%D%/test-command \
	%D%/test-element \
	%D%/test-hash-full \
	%D%/test-hash-walk \
	%D%/test-hash \
	%D%/test-idr \
	%D%/test-lpm \
	%D%/test-lru \
	%D%/test-map-batch \
	%D%/test-map-create \
	%D%/test-map-freeze \
	%D%/test-map \
	%D%/test-of-maps \
	%D%/test-owners \
	%D%/test-pool \
	%D%/test-prefix \
	%D%/test-queue \
	%D%/test-region-seal \
	%D%/test-region \
	%D%/test-ring \
	%D%/test-spec \
	%D%/test-text \
	%D%/test-topology \
	%D%/test-value \
	%D%/test-wait \
	%D%/test-word

check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
check_LIBRARIES += %D%/libunit.a

AM_CFLAGS += $(CHECK_CFLAGS)
UNIT_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
UNIT_LIBS = %D%/libunit.a tests/model/libmodel.a libfmt.a libcore.a \
	$(CHECK_LIBS)

%C%_libunit_a_SOURCES = \
	%D%/shapes.c %D%/shapes.h \
	%D%/tables.c %D%/tables.h \
	%D%/unit.c %D%/unit.h
%C%_test_adopt_LDADD = $(UNIT_LIBS)
%C%_test_array_file_LDADD = $(UNIT_LIBS)
%C%_test_array_mmap_LDADD = $(UNIT_LIBS)
%C%_test_array_LDADD = $(UNIT_LIBS)
%C%_test_attach_LDADD = $(UNIT_LIBS)
%C%_test_bitset_CPPFLAGS = $(UNIT_CPPFLAGS)
%C%_test_bitset_LDADD = $(UNIT_LIBS)
%C%_test_bloom_LDADD = $(UNIT_LIBS)
%C%_test_charge_LDADD = $(UNIT_LIBS)
%C%_test_command_LDADD = $(UNIT_LIBS)
%C%_test_element_LDADD = $(UNIT_LIBS)
%C%_test_hash_full_LDADD = $(UNIT_LIBS)
%C%_test_hash_walk_CPPFLAGS = $(UNIT_CPPFLAGS)
%C%_test_hash_walk_LDADD = $(UNIT_LIBS)
%C%_test_hash_LDADD = $(UNIT_LIBS)
%C%_test_idr_LDADD = $(UNIT_LIBS)
%C%_test_lpm_LDADD = $(UNIT_LIBS)
%C%_test_lru_LDADD = $(UNIT_LIBS)
%C%_test_map_batch_LDADD = $(UNIT_LIBS)
%C%_test_map_create_LDADD = $(UNIT_LIBS)
%C%_test_map_freeze_LDADD = $(UNIT_LIBS)
%C%_test_map_LDADD = $(UNIT_LIBS)
%C%_test_of_maps_LDADD = $(UNIT_LIBS)
%C%_test_owners_LDADD = $(UNIT_LIBS)
%C%_test_pool_CPPFLAGS = $(UNIT_CPPFLAGS)
%C%_test_pool_LDADD = $(UNIT_LIBS)
%C%_test_prefix_LDADD = $(UNIT_LIBS)
%C%_test_queue_LDADD = $(UNIT_LIBS)
%C%_test_region_seal_LDADD = $(UNIT_LIBS)
%C%_test_region_LDADD = $(UNIT_LIBS)
%C%_test_ring_CPPFLAGS = $(UNIT_CPPFLAGS)
%C%_test_ring_LDADD = $(UNIT_LIBS)
%C%_test_spec_LDADD = $(UNIT_LIBS)
%C%_test_text_LDADD = $(UNIT_LIBS)
%C%_test_topology_LDADD = $(UNIT_LIBS)
%C%_test_value_LDADD = $(UNIT_LIBS)
%C%_test_wait_LDADD = $(UNIT_LIBS)
%C%_test_word_LDADD = $(UNIT_LIBS)
endif
