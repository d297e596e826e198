// Permission to start programs (fanotify(7), FAN_OPEN_EXEC_PERM), and files by what names them for good.
// Every function returns a value >= 0, or a negated errno.
#pragma once
#include <stddef.h>
#include <stdint.h>

// What starts are asked about.
enum {
    CLINUX_GUARD_FILE = 0,
    // Whatever is in a folder.
    CLINUX_GUARD_FOLDER = 1,
    CLINUX_GUARD_FILE_SYSTEM = 2,
};

// A start that waits for its answer.
typedef struct {
    // The executable, open for reading: closed by the answer.
    int32_t file;
    int32_t pid;
} clinux_start;

// A guard that nothing is marked for yet. Needs CAP_SYS_ADMIN.
int clinux_guard_open(void);
// Begins to ask about what the descriptor is open on, which may be one of O_PATH.
int clinux_guard_mark(int guard, int what, int fd);
// Ends that.
int clinux_guard_unmark(int guard, int what, int fd);
// Ends it for all files and folders, or for all file systems.
int clinux_guard_unmark_all(int guard, int what);
// The next start that waits: 1, or 0 when there is none.
int clinux_guard_next(int guard, clinux_start *start);
// Answers, and closes the file. What cannot be answered is closed too.
int clinux_guard_answer(int guard, int file, int allowed);

// Gives the calling thread, for the rest of its life, a table of descriptors of its own: what it opens from now on is no other
// thread's, and is closed when it ends, however long another hangs.
int clinux_own_descriptors(void);
// The process leaves no core dump. To make one the kernel starts a program, which a guard that is dying would be asked about.
int clinux_never_dump(void);

// What goes between threads that do not share their descriptors.
typedef struct {
    int64_t numbers[3];
    // Sent along, and received as another number; -1 for none.
    int32_t file;
} clinux_message;

// Two ends that messages go between, each whole.
int clinux_message_pair(int *ends);
// Sends one; -EAGAIN where it would have to wait and may not.
int clinux_send(int end, clinux_message message, int waits);
// Receives one: 1, or 0 when there is none and it may not wait. Whoever gets a file closes it.
int clinux_receive(int end, clinux_message *message, int waits);

// Opens what is at a path as it is, a link too, for nothing but to say which it is (O_PATH).
int clinux_open_place(const char *path);
// The same, of a name in a folder.
int clinux_open_name(int folder, const char *name);
// What the file system calls an inode, now and after a reboot (name_to_handle_at(2)): the kind as four bytes, then the bytes.
// Returns how many there are; -EOPNOTSUPP where the file system has none.
int64_t clinux_file_handle(int fd, void *handle, size_t capacity);
// Opens by such a handle (O_PATH), on the file system of the descriptor, which is not of O_PATH. -ESTALE: there is no such
// inode any more. Needs CAP_DAC_READ_SEARCH.
int clinux_open_handle(int file_system, const void *handle, size_t count);
// Hears of names that come and go in a folder (inotify(7)); read by clinux_drain.
int clinux_watch_folder(const char *path);
// Reads away what has come.
void clinux_drain(int fd);
