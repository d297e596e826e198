// Processes, clocks and namespaces. Every function returns a value >= 0, or a negated errno.
#pragma once
#include <stdint.h>

// pidfd_open(2), close-on-exec.
int clinux_pidfd_open(int pid);
// pidfd_send_signal(2).
int clinux_pidfd_send_signal(int pidfd, int signal);
// Has the calling thread take processor and disk after everybody else.
void clinux_lower_priority(void);
// Waits until the process of a pidfd has ended: 1 when it has, 0 when the time is over.
int clinux_pidfd_wait(int pidfd, int timeout_ms);
// CLOCK_BOOTTIME: nanoseconds after boot, suspension included.
int64_t clinux_boottime_ns(void);
// CLOCK_REALTIME: microseconds since the epoch.
int64_t clinux_realtime_us(void);
// Puts the calling thread into a new network namespace.
int clinux_unshare_network(void);
// Raises the limit on open files to the most allowed; returns it.
int64_t clinux_raise_file_limit(void);
// The user id of a user name; -ENOENT when there is none.
int64_t clinux_user_id(const char *name);
// Ignores SIGPIPE for the whole process.
void clinux_ignore_sigpipe(void);
// Blocks the signals in all threads made afterwards and returns a signalfd for them; the list ends with 0.
int clinux_signalfd(const int *signals);
// Reads one signal's number from a signalfd.
int clinux_signalfd_read(int fd);
