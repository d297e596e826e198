#pragma once
#include <stddef.h>
#include <stdint.h>

// A child that is told what to do by packets, over descriptor 3 of its own.

// Starts a program with arguments (NULL-terminated), no environment of ours and nothing else open: our end of the channel, or
// a negated error number. The child is the caller's to wait for.
int clinux_child_start(const char *const *arguments, int32_t *child);
// Sends a packet, with a descriptor where that is not negative: 0, or a negated error number.
int clinux_child_send(int channel, const void *bytes, size_t count, int file);
// Waits for a packet: how many bytes it has, 0 when the other end is closed, or a negated error number (ETIMEDOUT).
int64_t clinux_child_receive(int channel, void *buffer, size_t capacity, int timeout_ms);
// Kills the child and waits for it: its exit status, or 128 and the signal that had ended it before.
int clinux_child_end(int32_t child);
