# SPDX-License-Identifier: BSD-2-Clause
"""libmapfs by ctypes: any map, whatever the mount's io is.

    echo 'ages type hash key 8 value 8 entries 100' > /mnt/maps/create
    python3 hash_ctypes.py /mnt/maps/ages
"""

import ctypes
import os
import sys

mapfs = ctypes.CDLL("libmapfs.so.0", use_errno=True)
mapfs.mapfs_open.restype = ctypes.c_void_p
mapfs.mapfs_open.argtypes = [ctypes.c_char_p, ctypes.c_int]
mapfs.mapfs_close.argtypes = [ctypes.c_void_p]
mapfs.mapfs_lookup.argtypes = [ctypes.c_void_p] * 3
mapfs.mapfs_update.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_uint64]
mapfs.mapfs_iter_next.argtypes = [ctypes.c_void_p] * 4


def check(result):
    """Functions return a negative errno."""
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


ages = mapfs.mapfs_open(os.fsencode(sys.argv[1]), os.O_RDWR)
if not ages:
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

for name, age in (b"ada", 36), (b"alan", 41):
    key = ctypes.create_string_buffer(name, 8)
    check(mapfs.mapfs_update(ages, key, ctypes.byref(ctypes.c_uint64(age)), 0))

position = ctypes.c_uint64(0)
key = ctypes.create_string_buffer(8)
value = ctypes.c_uint64()
found = []
while check(
    mapfs.mapfs_iter_next(ages, ctypes.byref(position), key, ctypes.byref(value))
):
    found.append((key.value.decode(), value.value))
print(sorted(found))
mapfs.mapfs_close(ages)
