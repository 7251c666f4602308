#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# cache.sh MNT: remember results in an LRU, which never gets full.
#
#	sh cache.sh /mnt/maps
set -eu

mnt=$1
echo 'squares type lru_hash key 4 value 8 entries 3' >"$mnt/create"

# square NUMBER: from the cache, or computed and remembered.
square()
{
	if cat "$mnt/squares/entries/$1" 2>/dev/null; then
		return
	fi
	echo $(($1 * $1)) | tee "$mnt/squares/entries/$1"
}

for number in 1 2 1 3 4 5; do
	square $number
done
echo "remembered: $(find "$mnt/squares/entries" -type f | wc -l)"
rmdir "$mnt/squares"
