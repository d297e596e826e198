#define _GNU_SOURCE
#include "files.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_renameat2
#error "this kernel's headers are too old"
#endif

static const int folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

// Opens one part of a path. A symbolic link is -ELOOP here, whatever the kernel calls it together with O_DIRECTORY.
static int open_part(int folder, const char *name, int flags) {
    int fd = openat(folder, name, flags);
    if (fd >= 0) return fd;
    int error = errno;
    struct stat status;
    if (error == ENOTDIR && fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode)) return -ELOOP;
    return -error;
}

int clinux_open_folder_stepwise(const char *path) {
    if (path[0] != '/') return -EINVAL;
    int folder = open("/", folder_flags);
    if (folder < 0) return -errno;
    while (1) {
        while (*path == '/') path++;
        if (*path == 0) return folder;
        size_t length = strcspn(path, "/");
        char name[256];
        int next;
        if (length >= sizeof name) {
            next = -ENAMETOOLONG;
        } else {
            memcpy(name, path, length);
            name[length] = 0;
            // "." and ".." are no names: a path that is judged by its letters must mean what it spells.
            int dots = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
            next = dots ? -EINVAL : open_part(folder, name, folder_flags);
        }
        close(folder);
        if (next < 0) return next;
        folder = next;
        path += length;
    }
}

int clinux_open_folder(const char *path) {
    struct open_how how = {.flags = (uint64_t)folder_flags, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    if (fd >= 0) return (int)fd;
    // ENOSYS and EPERM: before Linux 5.6, or a filter that cannot look into the structure and so forbids the call.
    // ENOTDIR: the walk says whether a link is the reason.
    if (errno == ENOSYS || errno == EPERM || errno == ENOTDIR || errno == EAGAIN) return clinux_open_folder_stepwise(path);
    return -errno;
}

int clinux_open_regular(int folder, const char *name) {
    int place = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (place < 0) return -errno;
    struct stat status;
    int error = fstat(place, &status) < 0     ? errno
                : S_ISLNK(status.st_mode) ? ELOOP
                : S_ISDIR(status.st_mode) ? EISDIR
                : S_ISREG(status.st_mode) ? 0
                                          : EINVAL;
    int fd = -1;
    if (error == 0) {
        char link[32];
        snprintf(link, sizeof link, "/proc/self/fd/%d", place);
        // Not to wait for a lease; and looking at a file is no use of it.
        const int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
        fd = open(link, flags | O_NOATIME);
        if (fd < 0 && errno == EPERM) fd = open(link, flags);
        if (fd < 0) error = errno;
    }
    close(place);
    return error != 0 ? -error : fd;
}

int clinux_create_file(int folder, const char *name) {
    int fd = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd < 0 ? -errno : fd;
}

int clinux_rename_new(int from_folder, const char *from, int to_folder, const char *to) {
    return syscall(SYS_renameat2, from_folder, from, to_folder, to, RENAME_NOREPLACE) < 0 ? -errno : 0;
}

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

int clinux_memory_file(int kind) {
    int file;
    switch (kind) {
    case 0: file = memfd_create("cordon", MFD_CLOEXEC); break;
    case 1: file = memfd_create("cordon", MFD_CLOEXEC | MFD_HUGETLB); break;
    case 2: file = syscall(SYS_memfd_secret, O_CLOEXEC); break;
    case 3: file = eventfd(0, EFD_CLOEXEC); break;
    default: return -EINVAL;
    }
    return file < 0 ? -errno : file;
}

int64_t clinux_file_system_type(int fd) {
    struct statfs status;
    return fstatfs(fd, &status) < 0 ? -errno : (int64_t)(uint32_t)status.f_type;
}

int64_t clinux_inode_flags(int fd) {
    // The kernel reads and writes an int here, though the number of the call says long.
    unsigned int flags[2] = {0, 0};
    return ioctl(fd, FS_IOC_GETFLAGS, flags) < 0 ? -errno : (int64_t)flags[0];
}

int clinux_set_inode_flags(int fd, uint32_t flags) {
    unsigned int value[2] = {flags, 0};
    return ioctl(fd, FS_IOC_SETFLAGS, value) < 0 ? -errno : 0;
}

int64_t clinux_list_attributes(int fd, char *names, size_t capacity) {
    ssize_t count = flistxattr(fd, names, capacity);
    return count < 0 ? -errno : count;
}

int64_t clinux_get_attribute(int fd, const char *name, void *value, size_t capacity) {
    ssize_t count = fgetxattr(fd, name, value, capacity);
    return count < 0 ? -errno : count;
}

int clinux_set_attribute(int fd, const char *name, const void *value, size_t count) {
    return fsetxattr(fd, name, value, count, 0) < 0 ? -errno : 0;
}

int clinux_remove_attribute(int fd, const char *name) { return fremovexattr(fd, name) < 0 ? -errno : 0; }

static void fill(const struct stat *from, clinux_status *to) {
    *to = (clinux_status){
        .device = from->st_dev, .inode = from->st_ino, .links = from->st_nlink,
        .mode = from->st_mode, .user = from->st_uid, .group = from->st_gid,
        .size = from->st_size, .blocks = from->st_blocks,
        .accessed_s = from->st_atim.tv_sec, .accessed_ns = from->st_atim.tv_nsec,
        .modified_s = from->st_mtim.tv_sec, .modified_ns = from->st_mtim.tv_nsec,
        .changed_s = from->st_ctim.tv_sec, .changed_ns = from->st_ctim.tv_nsec,
    };
}

int clinux_status_of(int fd, clinux_status *status) {
    struct stat found;
    if (fstat(fd, &found) != 0) return -errno;
    fill(&found, status);
    return 0;
}

int clinux_status_at(const char *path, int follow, clinux_status *status) {
    struct stat found;
    if (fstatat(AT_FDCWD, path, &found, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0) return -errno;
    fill(&found, status);
    return 0;
}

int clinux_status_in(int folder, const char *name, clinux_status *status) {
    struct stat found;
    if (fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) != 0) return -errno;
    fill(&found, status);
    return 0;
}

int64_t clinux_room(int fd) {
    struct statvfs found;
    if (fstatvfs(fd, &found) != 0) return -errno;
    uint64_t kept = found.f_blocks / 20;
    return found.f_bavail > kept ? (int64_t)((found.f_bavail - kept) * found.f_frsize) : 0;
}
