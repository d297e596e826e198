#define _GNU_SOURCE
#include "localsocket.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int local_address(const char *path, struct sockaddr_un *address) {
    if (strlen(path) >= sizeof address->sun_path) return -ENAMETOOLONG;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    strcpy(address->sun_path, path);
    return 0;
}

int clinux_local_connect(const char *path) {
    struct sockaddr_un address;
    int bad = local_address(path, &address);
    if (bad < 0) return bad;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int saved = errno;
        close(fd);
        return -saved;
    }
    return fd;
}

int clinux_local_listen(const char *path, uint32_t mode, uint32_t uid, uint32_t gid) {
    struct sockaddr_un address;
    int bad = local_address(path, &address);
    if (bad < 0) return bad;
    int live = clinux_local_connect(path);
    if (live >= 0) {
        close(live);
        return -EADDRINUSE;
    }
    if (live == -ECONNREFUSED) unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    // Nobody else may connect before owner and mode are set.
    mode_t before = umask(0177);
    int bound = bind(fd, (struct sockaddr *)&address, sizeof address);
    int saved = errno;
    umask(before);
    // The mode first: who gave a file away may not change it any more without CAP_FOWNER.
    if (bound < 0 || chmod(path, mode) < 0 || chown(path, uid, gid) < 0 || listen(fd, 16) < 0) {
        if (bound == 0) saved = errno;
        close(fd);
        return -saved;
    }
    return fd;
}

static void set_limit(int fd, int option, int timeout_ms) {
    struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    if (timeout_ms > 0) (void)setsockopt(fd, SOL_SOCKET, option, &limit, sizeof limit);
}

int clinux_local_accept(int fd, int send_timeout_ms, int receive_timeout_ms) {
    int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (peer < 0) return -errno;
    set_limit(peer, SO_SNDTIMEO, send_timeout_ms);
    set_limit(peer, SO_RCVTIMEO, receive_timeout_ms);
    return peer;
}

int64_t clinux_local_peer_user(int fd) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 ? -errno : (int64_t)peer.uid;
}

int clinux_wait_readable(int fd, int timeout_ms) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int ready = poll(&wait, 1, timeout_ms);
    return ready < 0 ? (errno == EINTR ? 0 : -errno) : ready;
}

int clinux_wait_any(const int *fds, int count, int timeout_ms, uint8_t *ready) {
    struct pollfd waits[16];
    if (count < 0 || count > 16) return -EINVAL;
    for (int i = 0; i < count; i++) {
        waits[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
        ready[i] = 0;
    }
    int found = poll(waits, (nfds_t)count, timeout_ms);
    if (found < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) ready[i] = waits[i].revents != 0;
    return found;
}
