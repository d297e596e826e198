#pragma once
#include <stddef.h>
#include <stdint.h>

// ptrace(2), for holding a thread still and looking at it. The kernel lets go of what a thread of ours holds when that
// thread ends, however it ends.

// Begins to trace a thread, which does not notice it: 0, or a negated error number.
int clinux_trace(int thread);
// Asks a traced thread to stop.
int clinux_trace_interrupt(int thread);
// Whether a traced thread has stopped: 0 not yet; CLINUX_TRACE_ENDED when it is gone; otherwise CLINUX_TRACE_STOPPED, with
// the signal that it was about to get, which letting it go must hand on, in the low byte.
int clinux_trace_stopped(int thread);
#define CLINUX_TRACE_STOPPED 0x100
#define CLINUX_TRACE_ENDED 0x200
// Lets a stopped thread go on, and gives it that signal (0 for none).
int clinux_trace_end(int thread, int signal);
// Registers of a stopped thread, by the number of a note of elf.h (NT_PRSTATUS, NT_PRFPREG): how many bytes they are.
int64_t clinux_trace_registers(int thread, uint32_t set, void *buffer, size_t capacity);
