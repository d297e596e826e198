#define _GNU_SOURCE
#include "command.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int start(const char *const *arguments, int output, pid_t *child) {
    static char *const environment[] = {"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) return error;
    error = posix_spawnattr_init(&attributes);
    if (error == 0) {
        error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, output, 1);
        if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, output, 2);
        if (error == 0) error = posix_spawnattr_setsigmask(&attributes, &none);
        if (error == 0) error = posix_spawnattr_setsigdefault(&attributes, &all);
        if (error == 0) error = posix_spawnattr_setpgroup(&attributes, 0);
        if (error == 0)
            error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        if (error == 0) error = posix_spawn(child, arguments[0], &actions, &attributes, (char *const *)arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

// Reads until nobody writes any more; 0, or -ETIMEDOUT.
static int drain(int fd, char *output, size_t capacity, size_t *count, int64_t deadline) {
    char spare[4096];
    while (1) {
        int64_t left = deadline - now_ms();
        if (left <= 0) return -ETIMEDOUT;
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int ready = poll(&wait, 1, left > 1000000 ? 1000000 : (int)left);
        if (ready < 0 && errno != EINTR) return -errno;
        if (ready <= 0) continue;
        size_t room = capacity - *count;
        ssize_t got = room > 0 ? read(fd, output + *count, room) : read(fd, spare, sizeof spare);
        if (got == 0) return 0;
        if (got < 0 && errno != EINTR && errno != EAGAIN) return -errno;
        if (got > 0 && room > 0) *count += (size_t)got;
    }
}

int clinux_run(const char *const *arguments, char *output, size_t capacity, size_t *count, int timeout_ms) {
    int ends[2];
    pid_t child = 0;
    *count = 0;
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    int error = start(arguments, ends[1], &child);
    close(ends[1]);
    if (error != 0) {
        close(ends[0]);
        return -error;
    }
    int outcome = drain(ends[0], output, capacity, count, now_ms() + timeout_ms);
    close(ends[0]);
    // It is ours and not waited for yet: nobody else has its number. What it started is of its group.
    if (outcome < 0) kill(-child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -errno;
    if (outcome < 0) return outcome;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
