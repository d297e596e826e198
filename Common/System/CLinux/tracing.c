#define _GNU_SOURCE
#include "tracing.h"
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

int clinux_trace(int thread) { return ptrace(PTRACE_SEIZE, thread, NULL, NULL) < 0 ? -errno : 0; }

int clinux_trace_interrupt(int thread) { return ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) < 0 ? -errno : 0; }

int clinux_trace_stopped(int thread) {
    int status = 0;
    int found = waitpid(thread, &status, __WALL | WNOHANG);
    if (found < 0) return errno == ECHILD ? CLINUX_TRACE_ENDED : errno == EINTR ? 0 : -errno;
    if (found == 0) return 0;
    if (!WIFSTOPPED(status)) return CLINUX_TRACE_ENDED;
    // An event is a stop of our own, or of the whole process; anything else is a signal on its way to the thread.
    return CLINUX_TRACE_STOPPED | (status >> 16 != 0 ? 0 : WSTOPSIG(status));
}

int clinux_trace_end(int thread, int signal) {
    return ptrace(PTRACE_DETACH, thread, NULL, (void *)(intptr_t)signal) < 0 ? -errno : 0;
}

int64_t clinux_trace_registers(int thread, uint32_t set, void *buffer, size_t capacity) {
    struct iovec place = {.iov_base = buffer, .iov_len = capacity};
    if (ptrace(PTRACE_GETREGSET, thread, (void *)(uintptr_t)set, &place) < 0) return -errno;
    return (int64_t)place.iov_len;
}
