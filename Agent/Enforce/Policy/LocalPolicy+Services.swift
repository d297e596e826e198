internal import Glibc

extension LocalPolicy {
    /// What a host stands on, where a package has put it. The name alone protects nothing: whoever makes a unit names it.
    private static let neededUnits = [
        "systemd-*", "dbus*", "polkit*", "ssh.*", "ssh@*", "sshd*", "getty@*", "serial-getty@*", "console-getty*",
        "networking.*", "NetworkManager*", "network*", "ifup@*", "netplan*", "wpa_supplicant*", "dhcpcd*", "dhclient*",
        "nftables.*", "netfilter-persistent*", "firewalld*", "ufw.*", "auditd*", "apparmor*", "lvm2-*", "dm-event*",
        "mdadm*", "multipathd*", "iscsid*", "open-iscsi*", "cryptsetup*", "user@*", "user-runtime-dir@*", "emergency*",
        "rescue*", "initrd-*", "zfs*", "wg-quick@*", "openvpn*", "sssd*", "winbind*", "cordon-*",
    ]
    private static let own = [
        "cordon-agent.service", "cordon-enforcer.service", "cordon-guard.service",
        "cordon-controller.service", "cordon-upgrade.service",
    ]
    /// Where packages put units.
    private static let vendorFolders = ["/usr/lib/systemd/system", "/lib/systemd/system"]

    /// Throws the rule that keeps a unit running.
    func check(_ unit: ServiceManager.Unit, in packages: PackageFiles) throws {
        for name in Set(unit.names + [unit.id]).sorted() {
            if Self.own.contains(name) { throw Refusal("built-in: own unit", "\(name) is Cordon's own.") }
            if let pattern = protectedUnits.value.first(where: { Glob.matches($0, name) }) {
                throw Refusal(
                    "protected_units", protectedUnits, "This host's policy protects \(name) (\(pattern)).")
            }
            guard let pattern = Self.neededUnits.first(where: { Glob.matches($0, name) }),
                try unit.isGenerated || Self.isPackaged(name, packages)
            else { continue }
            throw Refusal("built-in: needed unit", "\(name) is never stopped: the host stands on it (\(pattern)).")
        }
    }

    /// Whether a package has put a unit of that name there; a file that is there, where there is no dpkg.
    private static func isPackaged(_ name: String, _ packages: PackageFiles) throws -> Bool {
        var names = [name]
        // An instance is of its template.
        if let at = name.firstIndex(of: "@"), let dot = name.lastIndex(of: ".") {
            names.append(name[...at] + String(name[dot...]))
        }
        for name in names {
            for path in vendorFolders.map({ "\($0)/\(name)" }) where unsafe access(path, F_OK) == 0 {
                guard let owners = try packages.owners(of: path) else { return true }
                if !owners.isEmpty { return true }
            }
        }
        return false
    }
}
