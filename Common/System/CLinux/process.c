#define _GNU_SOURCE
#include "process.h"
#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

int clinux_pidfd_open(int pid) {
    long fd = syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : (int)fd;
}

int clinux_pidfd_send_signal(int pidfd, int signal) {
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

void clinux_lower_priority(void) {
    // Of this thread only: its number is the "process" here. Class 2, best effort; level 7, the last.
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 19);
    syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 7);
}

int clinux_pidfd_wait(int pidfd, int timeout_ms) {
    struct pollfd wait = {.fd = pidfd, .events = POLLIN};
    int ready = poll(&wait, 1, timeout_ms);
    return ready < 0 ? (errno == EINTR ? 0 : -errno) : ready;
}

int64_t clinux_boottime_ns(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_BOOTTIME, &now) < 0) return -errno;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clinux_realtime_us(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0) return -errno;
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int clinux_unshare_network(void) { return unshare(CLONE_NEWNET) < 0 ? -errno : 0; }

int64_t clinux_raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    return (int64_t)limit.rlim_cur;
}

int64_t clinux_user_id(const char *name) {
    struct passwd entry, *found = NULL;
    char buffer[16384];
    int error = getpwnam_r(name, &entry, buffer, sizeof buffer, &found);
    if (error != 0) return -error;
    return found == NULL ? -ENOENT : (int64_t)found->pw_uid;
}

void clinux_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }

int clinux_signalfd(const int *signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int *one = signals; *one != 0; one++) sigaddset(&set, *one);
    int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (error != 0) return -error;
    int fd = signalfd(-1, &set, SFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int clinux_signalfd_read(int fd) {
    struct signalfd_siginfo info;
    ssize_t count = read(fd, &info, sizeof info);
    if (count < 0) return -errno;
    return count == (ssize_t)sizeof info ? (int)info.ssi_signo : -EIO;
}
