// cordon-yara: the child in which cordon-enforcer has rules of YARA compiled, and files and memory matched with them.
//
// Rules, files and memory are anybody's, and libyara has parsers of many kinds: it is confined before the first byte of any of
// them comes. It is told what to do over descriptor 3, a packet a time, and answers each with one:
//
//     R RULES     (a text)                          compile
//     P PIECES    (start and size, 8 bytes each)    remember pieces of memory
//     F           with a descriptor                 scan the file
//     M           with a descriptor                 scan the pieces of the memory
#define _GNU_SOURCE
#include "confine.h"
#include "scan.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const int channel = 3;
// Bytes of one packet.
enum { most_packet = 1 << 17, most_pieces = 1 << 16 };

static char packet[most_packet + 1];
static scan_piece pieces[most_pieces];
static size_t piece_count;

// How many bytes came; the descriptor that came with them, or -1.
static ssize_t receive(int *file) {
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = packet, .iov_len = most_packet};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t count;
    do count = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    *file = -1;
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (count > 0 && head && head->cmsg_type == SCM_RIGHTS) memcpy(file, CMSG_DATA(head), sizeof *file);
    return count;
}

static void remember(ssize_t count, scan_answer *answer) {
    size_t more = ((size_t)count - 1) / sizeof *pieces;
    if (more > most_pieces - piece_count) more = most_pieces - piece_count;
    memcpy(&pieces[piece_count], packet + 1, more * sizeof *pieces);
    piece_count += more;
    scan_say(answer, "end 0");
}

// Of the processor in all, and of one file.
typedef struct {
    int in_all, of_file;
} bounds;

static void answer_one(ssize_t count, int file, bounds seconds, scan_answer *answer) {
    packet[count] = 0;
    if (packet[0] == 'R') scan_compile(packet + 1, answer);
    else if (packet[0] == 'P') remember(count, answer);
    else if (packet[0] == 'F' && file >= 0) scan_file(file, seconds.of_file, answer);
    else if (packet[0] == 'M' && file >= 0) scan_memory(file, pieces, piece_count, seconds.in_all, answer);
    else scan_say(answer, "error nobody asks that");
}

int main(int argc, char **argv) {
    bounds seconds = {argc == 3 ? atoi(argv[1]) : 0, argc == 3 ? atoi(argv[2]) : 0};
    int type = 0;
    socklen_t size = sizeof type;
    if (seconds.in_all < 1 || seconds.of_file < 1 || getsockopt(channel, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET) {
        fputs("cordon-yara is started by cordon-enforcer, for orders to yara_scan; it does nothing by itself.\n", stderr);
        return 2;
    }
    static scan_answer answer;
    const char *step = "libyara";
    int error = scan_begin() == 0 ? confine(seconds.in_all, &step) : -EIO;
    if (error != 0) {
        scan_say(&answer, "error it could not be confined (%s): %s", step, strerror(-error));
        send(channel, answer.text, answer.count, MSG_NOSIGNAL);
        return 1;
    }
    while (1) {
        int file;
        ssize_t count = receive(&file);
        if (count <= 0) return count == 0 ? 0 : 1;
        answer.count = 0;
        answer_one(count, file, seconds, &answer);
        if (file >= 0) close(file);
        if (send(channel, answer.text, answer.count, MSG_NOSIGNAL) < 0) return 1;
    }
}
