# SPDX-License-Identifier: BSD-2-Clause
"""An array as memory: mmap with struct, and with numpy where it is installed.

    echo 'temps type array key 4 value 8 entries 8' > /mnt/maps/create
    python3 array_mmap.py /mnt/maps/temps

Needs a mount with io=passthrough, symlink or cached.
"""

import mmap
import struct
import sys

with open(sys.argv[1] + "/elements", "r+b") as elements:
    memory = mmap.mmap(elements.fileno(), 0)

# Element i of 8 bytes is at i * 8; "=Q" is an unsigned number of 8 bytes.
struct.pack_into("=Q", memory, 3 * 8, 42)
print(struct.unpack_from("=Q", memory, 3 * 8)[0])

try:
    import numpy

    # Nothing is copied: what is stored in the array is in the map.
    array = numpy.frombuffer(memory, dtype=numpy.uint64, count=8)
    array[4:6] += numpy.uint64(1)
    print(int(array.sum()))
    del array
except ImportError:
    struct.pack_into("=QQ", memory, 4 * 8, 1, 1)
    print(sum(struct.unpack_from("=8Q", memory)))

memory.close()
