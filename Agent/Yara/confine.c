#define _GNU_SOURCE
#include "confine.h"
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// Bytes of addresses: the file that is mapped, the rules, and what libyara makes of both.
static const rlim_t most_memory = (rlim_t)1 << 30;
static const unsigned nobody = 65534;

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#else
#error "no filter of system calls for this machine"
#endif

#define ALLOW(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

// What is not named fails with EPERM: no file, socket, process or thread is opened, made or touched any more.
static struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    ALLOW(read), ALLOW(pread64), ALLOW(write), ALLOW(close), ALLOW(fstat), ALLOW(newfstatat), ALLOW(lseek),
    ALLOW(sendto), ALLOW(sendmsg), ALLOW(recvmsg),
    ALLOW(mmap), ALLOW(munmap), ALLOW(mprotect), ALLOW(mremap), ALLOW(madvise), ALLOW(brk),
    ALLOW(futex), ALLOW(getrandom), ALLOW(getpid), ALLOW(gettid), ALLOW(clock_gettime), ALLOW(gettimeofday),
    ALLOW(rt_sigaction), ALLOW(rt_sigprocmask), ALLOW(rt_sigreturn), ALLOW(sigaltstack), ALLOW(sched_yield),
    ALLOW(exit), ALLOW(exit_group),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
};

static int limit(int what, rlim_t most) {
    struct rlimit bounds = {.rlim_cur = most, .rlim_max = most};
    return setrlimit(what, &bounds);
}

// Nobody, where the parent may still change who it is; its unit may have taken that from it. Without capabilities and with
// the filter below, who it is means little either way.
static void become_nobody(void) {
    if (setgroups(0, NULL) != 0) return;
    if (setresgid(nobody, nobody, nobody) != 0) return;
    (void)!setresuid(nobody, nobody, nobody);
}

int confine(int seconds, const char **step) {
    *step = "death with its parent";
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return -errno;
    *step = "limits";
    if (limit(RLIMIT_AS, most_memory) != 0 || limit(RLIMIT_CPU, (rlim_t)seconds) != 0 || limit(RLIMIT_FSIZE, 0) != 0 ||
        limit(RLIMIT_CORE, 0) != 0 || limit(RLIMIT_NOFILE, 16) != 0 || limit(RLIMIT_NPROC, 0) != 0)
        return -errno;
    become_nobody();
    *step = "capabilities";
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}, {0}};
    if (syscall(SYS_capset, &head, none) != 0) return -errno;
    // To change who it is clears both of these.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0) return -errno;
    *step = "the filter of system calls";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -errno;
    struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return -errno;
    return 0;
}
