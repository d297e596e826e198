#define _GNU_SOURCE
#include "netlink.h"
#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

int clinux_netlink_open(int protocol, int buffer_bytes) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (fd < 0) return -errno;
    // The forced forms need CAP_NET_ADMIN; without it the kernel's own limit holds.
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer_bytes, sizeof buffer_bytes) < 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof buffer_bytes) < 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
    int on = 1;
    (void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int saved = errno;
        close(fd);
        return -saved;
    }
    return fd;
}

int64_t clinux_netlink_port(int fd) {
    struct sockaddr_nl address;
    socklen_t length = sizeof address;
    return getsockname(fd, (struct sockaddr *)&address, &length) < 0 ? -errno : (int64_t)address.nl_pid;
}

int clinux_netlink_join(int fd, int group) {
    return setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0 ? -errno : 0;
}

int64_t clinux_netlink_send(int fd, const void *bytes, size_t count) {
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    for (;;) {
        ssize_t sent = sendto(fd, bytes, count, 0, (struct sockaddr *)&kernel, sizeof kernel);
        if (sent >= 0) return sent;
        if (errno != EINTR) return -errno;
    }
}

int64_t clinux_netlink_receive(int fd, void *bytes, size_t capacity, int timeout_ms) {
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int ready = poll(&wait, 1, timeout_ms);
        if (ready == 0) return -EAGAIN;
        if (ready < 0) {
            if (errno == EINTR) continue;
            return -errno;
        }
        struct sockaddr_nl from;
        socklen_t length = sizeof from;
        ssize_t count =
            recvfrom(fd, bytes, capacity, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &length);
        if (count < 0) {
            if (errno == EINTR || errno == EAGAIN) continue;
            return -errno;
        }
        // Any process may send to a netlink port; only the kernel (port 0) is believed.
        if (length == sizeof from && from.nl_pid == 0) return count;
    }
}
