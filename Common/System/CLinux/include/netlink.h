// Netlink sockets. Every function returns a value >= 0, or a negated errno.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Opens and binds a netlink socket of a protocol (NETLINK_…) and asks for large buffers: the send buffer bounds one
// nf_tables transaction, the receive buffer what a dump may queue.
int clinux_netlink_open(int protocol, int buffer_bytes);
// The port the kernel gave the socket: what owns a table.
int64_t clinux_netlink_port(int fd);
// Joins a multicast group, by number.
int clinux_netlink_join(int fd, int group);
// Sends one datagram to the kernel.
int64_t clinux_netlink_send(int fd, const void *bytes, size_t count);
// Receives one datagram that came from the kernel (others are skipped); waits at most so many milliseconds, -1 for ever.
// Returns its whole length, which is above `capacity` when it did not fit; -EAGAIN when nothing came.
int64_t clinux_netlink_receive(int fd, void *bytes, size_t capacity, int timeout_ms);
