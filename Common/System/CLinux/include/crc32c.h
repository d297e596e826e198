// Sums with the processor's own instruction.
#pragma once
#include <stddef.h>
#include <stdint.h>

// 1 where this processor has an instruction for CRC-32C (Castagnoli) that clinux_crc32c uses, else 0.
int clinux_has_crc32c(void);
// Takes bytes into a running sum, not inverted; only where clinux_has_crc32c says so.
uint32_t clinux_crc32c(uint32_t state, const void *bytes, size_t count);
