internal import CLinux
internal import Glibc

/// One process at a time works on a state folder: two would each carry out orders, and write one journal together.
package enum StateLock {
    /// Takes the folder for as long as this process lives: the descriptor that holds it is never closed, and no program
    /// that this one starts has it.
    /// - Throws: `enforcer.state_taken` where another process has it.
    package static func take(_ folder: String) throws(EnforceError) {
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("enforcer.state_directory", "Cannot open \(folder)", errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            clinux_close(descriptor)
            guard number == EAGAIN else {
                throw .system("enforcer.state_directory", "Cannot lock \(folder)", number)
            }
            throw EnforceError(
                "enforcer.state_taken", "Another cordon-enforcer works on \(folder): nothing was touched.",
                remedy: "Stop it first, or name another state_directory.")
        }
    }
}
