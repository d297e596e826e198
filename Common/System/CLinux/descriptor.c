#define _GNU_SOURCE
#include "descriptor.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void clinux_close(int fd) { (void)close(fd); }

int clinux_reserve(int fd, int64_t offset, int64_t count) {
    return fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, count) < 0 ? -errno : 0;
}
