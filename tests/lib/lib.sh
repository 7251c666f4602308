# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: BSD-2-Clause
#
# What the tests of the library and of mapfs-run -m share: all of
# tests/fs/lib.sh, which see, and the programs and the library that they need in
# a place that users can read.
#
# Variables for the one who runs the tests:
#
#	MAPFS_BUILD	where the library was built (default: .)
#
# A test finds $parts: the programs of tests/lib and tests/run, the examples,
# mapfs-run, the library, and its header.

build=${MAPFS_BUILD:-$PWD}

gather_parts()
{
	local top

	top=$(cd "$(dirname "$0")/../.." && pwd) || return
	mkdir "$parts/include" "$parts/examples" || return
	cp "$top/tests/fs/lib.sh" "$parts/fs-lib.sh" || return
	cp "$top/tests/lib/lib.sh" "$parts/" || return
	cp -R "$top/include/mapfs" "$parts/include/" || return
	cp "$top/examples/"* "$parts/examples/" || return
	find "$build/tests/lib" "$build/tests/run" "$build/examples" \
		-maxdepth 1 -type f -perm -100 ! -name '*.*' \
		-exec cp {} "$parts/" \;
	# Where it has been built: tests of the library alone do without.
	[ ! -x "$build/mapfs-run" ] || cp "$build/mapfs-run" "$parts/" || return
	cp "$top/tests/run/libbpf.c" "$top/tests/run/object.bpf.c" "$parts/" ||
		return
	cp "$build/.libs/"libmapfs.so* "$build/libmapfs.a" "$parts/" ||
		return
	cp "$top/src/lib/libmapfs.map" "$parts/"
	chmod -R a+rX "$parts"
}

if [ -z "${MAPFS_LIB_PARTS:-}" ]; then
	parts=$(mktemp -d "${TMPDIR:-/tmp}/mapfs-parts.XXXXXX") || exit 1
	trap 'rm -rf "$parts"' EXIT
	if ! gather_parts; then
		echo "not ok 1 - the library is built in $build"
		echo "1..1"
		exit 1
	fi
	export MAPFS_LIB_PARTS=$parts
	bash "$0" &
	child=$!
	trap 'kill $child; wait $child; exit 1' HUP INT TERM
	wait $child
	exit
fi
parts=$MAPFS_LIB_PARTS

# shellcheck source=tests/fs/lib.sh
. "$parts/fs-lib.sh"

export MAPFS_HELPERS=$parts
types="array percpu_array hash percpu_hash lru_hash lru_percpu_hash"

# report COMMAND...: results of a program, as its own lines, in this context;
# one that does not end well has failed.
report()
{
	local status line

	"$@" >"$work/report" 2>"$work/.err"
	status=$?
	while IFS= read -r line; do
		case $line in
		'1..'*)	;;
		'ok - '* | 'not ok - '*)
			printf '%s [%s]\n' "$line" "$ctx"
			;;
		*)	printf '%s\n' "$line" ;;
		esac
	done <"$work/report"
	if [ $status -ne 0 ]; then
		fail "$(basename "$1") ends well"
		diag "status $status"
	fi
	diag_file "$work/.err"
}

# memory: are maps of $type in this process's memory in mode $io?
is_memory()
{
	case $io in
	passthrough | symlink) return 0 ;;
	cached)
		case $type in
		*array) return 0 ;;
		esac
		;;
	esac
	return 1
}
