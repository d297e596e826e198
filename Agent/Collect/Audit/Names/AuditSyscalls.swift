/// Numbers of system calls by architecture, as the kernel's headers give them. A number that is not there stays one.
enum AuditSyscalls {
    /// The architecture's usual name, from the audit subsystem's number in hexadecimal (`AUDIT_ARCH_…`).
    static func architecture(_ hexadecimal: String) -> String? {
        switch hexadecimal {
        case "c000003e": "x86_64"
        case "40000003": "i386"
        case "c00000b7": "aarch64"
        case "40000028": "arm"
        case "c00000f3": "riscv64"
        case "c0000015": "ppc64le"
        case "80000016": "s390x"
        default: nil
        }
    }

    /// The call's name.
    static func name(_ number: Int64, on architecture: String) -> String? {
        switch architecture {
        case "x86_64": x8664[number]
        case "i386": i386[number]
        // Both have the kernel's generic numbers.
        case "aarch64", "riscv64": aarch64[number]
        case "arm": arm[number]
        case "ppc64le": ppc64[number]
        case "s390x": s390x[number]
        default: nil
        }
    }

    /// The error's name, as `EACCES` for 13.
    static func error(_ number: Int64) -> String? { errors[number] }

    private static let x8664 = table(x8664Names)
    private static let i386 = table(i386Names)
    private static let aarch64 = table(aarch64Names)
    private static let arm = table(armNames)
    private static let ppc64 = table(ppc64Names)
    private static let s390x = table(s390xNames)
    private static let errors = table(errorNames)

    static func table(_ names: String) -> [Int64: String] {
        var table: [Int64: String] = [:]
        var number: Int64 = 0
        for word in names.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            if word.first == "@" {
                number = Int64(word.dropFirst()) ?? number
            } else {
                table[number] = String(word)
                number += 1
            }
        }
        return table
    }

    private static let errorNames = """
        @1 EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY \
        EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK \
        EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP @42 ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT \
        EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT @59 EBFONT ENOSTR ENODATA \
        ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW \
        ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK \
        EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT \
        EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN \
        ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE \
        EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED \
        EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON
        """
}
