// Programs of the system, run to their end.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Runs a program by its absolute path with arguments (ended by NULL; the first is the path), an environment of LC_ALL=C and
// PATH alone, no input, and all signals as a fresh process has them. What it writes to both outputs goes to the buffer as
// far as it fits; the rest is read and dropped. A program that is not done in time is killed.
// Returns its exit status (128 and the signal where one ended it) with the bytes written in *count, or a negated errno:
// -ETIMEDOUT when it was killed for the time.
int clinux_run(const char *const *arguments, char *output, size_t capacity, size_t *count, int timeout_ms);
