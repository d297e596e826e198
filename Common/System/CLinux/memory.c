#define _GNU_SOURCE
#include "memory.h"
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static int release_segments(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size;
    (void)unused;
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        // What may be written to holds what was written.
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W)) continue;
        uintptr_t start = (info->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t end = (info->dlpi_addr + segment->p_vaddr + segment->p_filesz) & ~(page - 1);
        if (end > start) madvise((void *)start, end - start, MADV_DONTNEED);
    }
    // The first is the program itself; libraries are shared with others.
    return 1;
}

int64_t clinux_release_code(int64_t above) {
    long long size = 0, resident = 0, shared = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return -errno;
    int fields = fscanf(file, "%lld %lld %lld", &size, &resident, &shared);
    fclose(file);
    if (fields != 3) return -EIO;
    int64_t bytes = (int64_t)shared * sysconf(_SC_PAGESIZE);
    if (bytes > above) dl_iterate_phdr(release_segments, NULL);
    return bytes;
}

void clinux_limit_arenas(int32_t count) { mallopt(M_ARENA_MAX, count); }

void clinux_trim_heap(void) { malloc_trim(0); }
