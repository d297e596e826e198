// The memory of the process itself.
#pragma once
#include <stdint.h>

// Gives the pages of the program's own code and constants back, where more than so many bytes of files are resident:
// what starting took and running does not need. What is needed comes back from the page cache by itself.
// Returns how many bytes were resident.
int64_t clinux_release_code(int64_t above);

// Gives pages of the heap that nothing is on back to the kernel, wherever they lie: the C library does so at its end only.
void clinux_trim_heap(void);

// At most so many pools for the heap. The C library makes up to eight for each processor, and each keeps what its threads
// needed once: on a large server that is most of a small daemon's memory. To be called before threads are made.
void clinux_limit_arenas(int32_t count);
