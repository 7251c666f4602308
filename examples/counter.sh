#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# counter.sh MNT: count in an array, from the shell.
#
#	sh counter.sh /mnt/maps
set -eu

mnt=$1
echo 'visits type array key 4 value 8 entries 4' >"$mnt/create"
for page in 0 2 2 3 2; do
	count=$(cat "$mnt/visits/entries/$page")
	echo $((count + 1)) >"$mnt/visits/entries/$page"
done
cat "$mnt/visits/dump"
rmdir "$mnt/visits"
