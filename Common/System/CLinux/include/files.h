// Files: reached without following any link, and what an inode carries besides its bytes.
// Every function returns a value >= 0, or a negated errno.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Opens the folder at an absolute path, no part of which may be a symbolic link (-ELOOP). By openat2(2), or, where a
// sandbox or an old kernel has none, part by part.
int clinux_open_folder(const char *path);
// The same, always part by part.
int clinux_open_folder_stepwise(const char *path);
// Opens a regular file of a folder for reading: nothing else is ever opened, as opening may have effects of its own.
// -ELOOP: a symbolic link; -EISDIR: a folder; -EINVAL: something else that is no regular file.
int clinux_open_regular(int folder, const char *name);
// Makes a file that is not there yet, for its owner only, open for writing and reading.
int clinux_create_file(int folder, const char *name);
// renameat2(2) with RENAME_NOREPLACE: -EEXIST when there is something of the new name.
int clinux_rename_new(int from_folder, const char *from, int to_folder, const char *to);
// A file that is in no folder, for nothing but to say on which of the kernel's own file systems such files are: 0 memory and
// shared memory, 1 memory of huge pages, 2 memfd_secret(2), 3 what has no file system's name (anon_inode).
int clinux_memory_file(int kind);
// The type of the file system that the descriptor's file is on (statfs(2), f_type).
int64_t clinux_file_system_type(int fd);
// The flags of the inode as chattr(1) shows them (FS_IOC_GETFLAGS); -ENOTTY or -EOPNOTSUPP where there are none.
int64_t clinux_inode_flags(int fd);
// Sets them. Needs CAP_LINUX_IMMUTABLE for the immutable and the append-only flag.
int clinux_set_inode_flags(int fd, uint32_t flags);
// Names of the extended attributes, each ended by a zero byte; returns their length. -ERANGE: they do not fit.
int64_t clinux_list_attributes(int fd, char *names, size_t capacity);
// One attribute's value; returns its length. -ERANGE: it does not fit.
int64_t clinux_get_attribute(int fd, const char *name, void *value, size_t capacity);
// Sets one attribute.
int clinux_set_attribute(int fd, const char *name, const void *value, size_t count);
// Removes one attribute.
int clinux_remove_attribute(int fd, const char *name);

// What stat(2) tells. A struct of our own: the system's own `stat` is another module's to Swift, depending on which files
// are compiled together, and then its members cannot be seen.
typedef struct {
    uint64_t device, inode, links;
    uint32_t mode, user, group;
    int64_t size, blocks;
    int64_t accessed_s, accessed_ns, modified_s, modified_ns, changed_s, changed_ns;
} clinux_status;

// Of an open file.
int clinux_status_of(int fd, clinux_status *status);
// Of a path, following links or not.
int clinux_status_at(const char *path, int follow, clinux_status *status);
// Of a name in a folder, which may be a link.
int clinux_status_in(int folder, const char *name, clinux_status *status);
// Bytes that the file system of the open file has room for, of which a twentieth of all is left alone (fstatvfs(3)).
int64_t clinux_room(int fd);
