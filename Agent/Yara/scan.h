#pragma once
#include <stddef.h>
#include <stdint.h>

// libyara, with nothing that reads more than it is given: no include, no module that looks elsewhere.

// What is answered: lines, of which those that do not fit are left out, and that is said.
typedef struct {
    char text[60000];
    size_t count;
} scan_answer;

// A piece of a process's memory.
typedef struct {
    uint64_t start, size;
} scan_piece;

void scan_say(scan_answer *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));

// To be called before anything is given up: it reads what the library needs.
int scan_begin(void);
// Compiles rules: `rules COUNT`, or `error WHY`.
void scan_compile(const char *rules, scan_answer *answer);
// Scans an open file, or pieces of the memory that an open /proc/PID/mem tells: `rule NAME`, after each `string NAME OFFSET
// LENGTH`, and at last `end CODE` (yara/error.h) or `error WHY`.
void scan_file(int file, int seconds, scan_answer *answer);
void scan_memory(int memory, const scan_piece *pieces, size_t count, int seconds, scan_answer *answer);
