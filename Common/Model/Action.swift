/// What an agent can be ordered to do: a closed set, no command strings. OpenC2 forms are in `OpenC2.swift` of ControllerPlaybooks.
package enum Action: Sendable, Hashable {
    /// Cut the host off the network, save loopback, DHCP, neighbour discovery and the controller for the agent's own user.
    case isolate(Isolation)
    /// End the isolation. Always allowed, idempotent.
    case release
    /// Drop packets from and to addresses, in input, output and forward.
    case blockAddress(AddressBlock)
    /// End a block. Idempotent.
    case unblockAddress(Network)
    /// End a process, or it with its descendants.
    case killProcess(ProcessTarget)

    /// The kind, for policies, tables and names on the wire.
    package var kind: ActionKind {
        switch self {
        case .isolate: .isolate
        case .release: .release
        case .blockAddress: .blockAddress
        case .unblockAddress: .unblockAddress
        case .killProcess: .killProcess
        }
    }
}

/// The kinds of `Action`; raw values are the names in local policies, the API and the CLI.
package enum ActionKind: String, Sendable, Hashable, Codable, CaseIterable {
    case isolate
    case release
    case blockAddress = "block_address"
    case unblockAddress = "unblock_address"
    case killProcess = "kill_process"

    /// The kind that undoes it; `nil` for what cannot be undone or is itself an undo.
    package var undo: ActionKind? {
        switch self {
        case .isolate: .release
        case .blockAddress: .unblockAddress
        case .release, .unblockAddress, .killProcess: nil
        }
    }
}

/// Parameters of `isolate`.
package struct Isolation: Sendable, Hashable, Codable {
    /// How long; the host releases itself afterwards. Whole seconds, at least one.
    package var duration: Duration

    package init(duration: Duration) { self.duration = duration }
}

/// Parameters of `block_address`.
package struct AddressBlock: Sendable, Hashable, Codable {
    package var network: Network
    /// How long; the kernel ends it. Whole seconds, at least one.
    package var duration: Duration

    package init(network: Network, duration: Duration) {
        self.network = network
        self.duration = duration
    }
}

/// Which process `kill_process` means: the number and what tells it from a later process with the same number.
package struct ProcessTarget: Sendable, Hashable, Codable {
    /// Above 1.
    package var pid: Int32
    /// Field 22 of `/proc/PID/stat`: clock ticks after boot.
    package var startTime: UInt64
    /// The target of `/proc/PID/exe`, checked after the pidfd is open.
    package var executable: String
    package var scope: Scope

    package enum Scope: String, Sendable, Hashable, Codable, CaseIterable {
        /// The process alone.
        case process
        /// The process and all its descendants.
        case tree
        /// Every process of its cgroup.
        case cgroup
    }

    package init(pid: Int32, startTime: UInt64, executable: String, scope: Scope) {
        self.pid = pid
        self.startTime = startTime
        self.executable = executable
        self.scope = scope
    }
}
