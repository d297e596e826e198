#define _GNU_SOURCE
#include "execguard.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

int clinux_guard_open(void) {
    unsigned flags = FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS;
    int guard = fanotify_init(flags, O_RDONLY | O_LARGEFILE | O_CLOEXEC);
    return guard < 0 ? -errno : guard;
}

static unsigned mark_kind(int what) { return what == CLINUX_GUARD_FILE_SYSTEM ? FAN_MARK_FILESYSTEM : 0; }

static int change_mark(int guard, unsigned change, int what, int fd) {
    uint64_t mask = FAN_OPEN_EXEC_PERM | (what == CLINUX_GUARD_FOLDER ? FAN_EVENT_ON_CHILD : 0);
    // Of a descriptor of O_PATH nothing can be marked but by its path.
    char path[40];
    snprintf(path, sizeof path, "/proc/thread-self/fd/%d", fd);
    return fanotify_mark(guard, change | mark_kind(what), mask, AT_FDCWD, path) < 0 ? -errno : 0;
}

int clinux_guard_mark(int guard, int what, int fd) { return change_mark(guard, FAN_MARK_ADD, what, fd); }

int clinux_guard_unmark(int guard, int what, int fd) { return change_mark(guard, FAN_MARK_REMOVE, what, fd); }

int clinux_guard_unmark_all(int guard, int what) {
    return fanotify_mark(guard, FAN_MARK_FLUSH | mark_kind(what), 0, AT_FDCWD, "/") < 0 ? -errno : 0;
}

int clinux_guard_next(int guard, clinux_start *start) {
    // There is room for one.
    struct fanotify_event_metadata event;
    ssize_t count = read(guard, &event, sizeof event);
    if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (count < (ssize_t)sizeof event || event.vers != FANOTIFY_METADATA_VERSION) return -EPROTO;
    if (event.fd < 0) return 0;
    start->file = event.fd;
    start->pid = event.pid;
    return 1;
}

int clinux_guard_answer(int guard, int file, int allowed) {
    struct fanotify_response response = {.fd = file, .response = allowed ? FAN_ALLOW : FAN_DENY};
    ssize_t count;
    do count = write(guard, &response, sizeof response);
    while (count < 0 && errno == EINTR);
    int failed = count < 0 ? -errno : 0;
    close(file);
    return failed;
}

int clinux_own_descriptors(void) { return unshare(CLONE_FILES) < 0 ? -errno : 0; }

int clinux_never_dump(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0; }

int clinux_message_pair(int *ends) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
}

// Room for one descriptor beside a message.
typedef union {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
} one_descriptor;

int clinux_send(int end, clinux_message message, int waits) {
    struct iovec part = {.iov_base = message.numbers, .iov_len = sizeof message.numbers};
    struct msghdr whole = {.msg_iov = &part, .msg_iovlen = 1};
    one_descriptor beside = {0};
    if (message.file >= 0) {
        whole.msg_control = &beside;
        whole.msg_controllen = sizeof beside.room;
        struct cmsghdr *head = CMSG_FIRSTHDR(&whole);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(head), &message.file, sizeof(int));
    }
    ssize_t count;
    do count = sendmsg(end, &whole, MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT));
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : 0;
}

int clinux_receive(int end, clinux_message *message, int waits) {
    struct iovec part = {.iov_base = message->numbers, .iov_len = sizeof message->numbers};
    one_descriptor beside = {0};
    struct msghdr whole = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &beside, .msg_controllen = sizeof beside.room};
    message->file = -1;
    ssize_t count;
    do count = recvmsg(end, &whole, MSG_CMSG_CLOEXEC | (waits ? 0 : MSG_DONTWAIT));
    while (count < 0 && errno == EINTR);
    if (count < 0) return errno == EAGAIN ? 0 : -errno;
    struct cmsghdr *head = CMSG_FIRSTHDR(&whole);
    if (head && head->cmsg_type == SCM_RIGHTS) memcpy(&message->file, CMSG_DATA(head), sizeof(int));
    return count == sizeof message->numbers ? 1 : -EPROTO;
}

int clinux_open_place(const char *path) {
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int clinux_open_name(int folder, const char *name) {
    int fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int64_t clinux_file_handle(int fd, void *bytes, size_t capacity) {
    _Alignas(struct file_handle) char room[sizeof(struct file_handle) + MAX_HANDLE_SZ] = {0};
    struct file_handle *handle = (struct file_handle *)room;
    handle->handle_bytes = MAX_HANDLE_SZ;
    int mount;
    if (name_to_handle_at(fd, "", handle, &mount, AT_EMPTY_PATH) < 0) return -errno;
    int32_t kind = handle->handle_type;
    size_t count = sizeof kind + handle->handle_bytes;
    if (count > capacity) return -ERANGE;
    memcpy(bytes, &kind, sizeof kind);
    memcpy((char *)bytes + sizeof kind, handle->f_handle, handle->handle_bytes);
    return (int64_t)count;
}

int clinux_open_handle(int file_system, const void *bytes, size_t count) {
    _Alignas(struct file_handle) char room[sizeof(struct file_handle) + MAX_HANDLE_SZ] = {0};
    struct file_handle *handle = (struct file_handle *)room;
    int32_t kind;
    if (count <= sizeof kind || count - sizeof kind > MAX_HANDLE_SZ) return -EINVAL;
    memcpy(&kind, bytes, sizeof kind);
    handle->handle_type = kind;
    handle->handle_bytes = (unsigned)(count - sizeof kind);
    memcpy(handle->f_handle, (const char *)bytes + sizeof kind, count - sizeof kind);
    int fd = open_by_handle_at(file_system, handle, O_PATH | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int clinux_watch_folder(const char *path) {
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0) return -errno;
    uint32_t mask = IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE | IN_ONLYDIR;
    if (inotify_add_watch(fd, path, mask) < 0) {
        int saved = errno;
        close(fd);
        return -saved;
    }
    return fd;
}

void clinux_drain(int fd) {
    char buffer[4096];
    while (read(fd, buffer, sizeof buffer) > 0) {}
}
