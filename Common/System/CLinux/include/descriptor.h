// Descriptors.
#pragma once
#include <stdint.h>

// close(2), whose failure there is nothing to be done about.
void clinux_close(int fd);
// Allocates space behind or within a file without changing its length (fallocate(2) with FALLOC_FL_KEEP_SIZE).
// Returns 0, or a negated errno.
int clinux_reserve(int fd, int64_t offset, int64_t count);
