#define _GNU_SOURCE
#include "child.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int spawn(const char *const *arguments, int channel, pid_t *child) {
    static char *const environment[] = {"LC_ALL=C", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) return error;
    error = posix_spawnattr_init(&attributes);
    if (error == 0) {
        for (int number = 0; number < 3 && error == 0; number++)
            error = posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0);
        if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, channel, 3);
        if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(&actions, 4);
        if (error == 0) error = posix_spawnattr_setsigmask(&attributes, &none);
        if (error == 0) error = posix_spawnattr_setsigdefault(&attributes, &all);
        if (error == 0) error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        if (error == 0) error = posix_spawn(child, arguments[0], &actions, &attributes, (char *const *)arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

int clinux_child_start(const char *const *arguments, int32_t *child) {
    int ends[2];
    pid_t number = 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return -errno;
    // Not 3 itself, which would stay closed in the child.
    int theirs = fcntl(ends[1], F_DUPFD_CLOEXEC, 16);
    int error = theirs < 0 ? errno : spawn(arguments, theirs, &number);
    close(ends[1]);
    if (theirs >= 0) close(theirs);
    if (error != 0) {
        close(ends[0]);
        return -error;
    }
    *child = number;
    return ends[0];
}

int clinux_child_send(int channel, const void *bytes, size_t count, int file) {
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (file >= 0) {
        message.msg_control = control.room;
        message.msg_controllen = sizeof control.room;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof file);
        memcpy(CMSG_DATA(head), &file, sizeof file);
    }
    while (sendmsg(channel, &message, MSG_NOSIGNAL) < 0)
        if (errno != EINTR) return -errno;
    return 0;
}

int64_t clinux_child_receive(int channel, void *buffer, size_t capacity, int timeout_ms) {
    struct pollfd wait = {.fd = channel, .events = POLLIN};
    int ready = poll(&wait, 1, timeout_ms);
    if (ready < 0 && errno != EINTR) return -errno;
    if (ready <= 0) return -ETIMEDOUT;
    ssize_t count = recv(channel, buffer, capacity, MSG_DONTWAIT);
    return count < 0 ? (errno == ECONNRESET ? 0 : -errno) : count;
}

int clinux_child_end(int32_t child) {
    int status = 0;
    // It is ours and not waited for yet: nobody else has its number.
    if (waitpid(child, &status, WNOHANG) == 0) {
        kill(child, SIGKILL);
        while (waitpid(child, &status, 0) < 0)
            if (errno != EINTR) return -errno;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
