internal import CordonModel
internal import CordonOrders

extension LocalPolicy {
    /// Throws the rule that lets a program start, as far as its path tells. Its package and what it holds are judged when it
    /// is looked at.
    func checkExecutable(_ block: ExecutableBlock, at host: Surroundings) throws(Refusal) {
        try checkLength(
            block.duration, "longest_executable_block", longestExecutableBlock, "keeps programs from starting")
        guard host.executableCount < BlockedExecutables.most else {
            throw Refusal(
                "built-in: executables", "\(host.executableCount) programs are kept from starting, the most.")
        }
        guard case .path(let path) = block.subject else { return }
        try checkPath(path)
        if let pattern = PolicyPrograms.pattern(of: path, in: protectedProcesses.value) {
            throw Refusal(
                "protected_processes", protectedProcesses, "This host's policy protects \(path) (\(pattern)).")
        }
    }
}
