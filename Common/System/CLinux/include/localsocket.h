// Unix stream sockets. Every function returns a value >= 0, or a negated errno.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Listens on a path with the mode and owner given; a stale socket file is replaced, a live one is -EADDRINUSE.
int clinux_local_listen(const char *path, uint32_t mode, uint32_t uid, uint32_t gid);
// Connects to a path.
int clinux_local_connect(const char *path);
// Accepts one connection, close-on-exec, with send and receive time limits in milliseconds (0: none).
int clinux_local_accept(int fd, int send_timeout_ms, int receive_timeout_ms);
// The user id of the peer (SO_PEERCRED).
int64_t clinux_local_peer_user(int fd);
// Waits until the descriptor can be read: 1, or 0 when the time is over.
int clinux_wait_readable(int fd, int timeout_ms);
// Waits for any of several descriptors; sets ready[i] to 1 or 0. Returns how many are ready.
int clinux_wait_any(const int *fds, int count, int timeout_ms, uint8_t *ready);
