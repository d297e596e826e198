internal import CordonModel
internal import CordonScan

/// What the kernel writes: packets that rules log, programs that fault, memory that ran out, devices.
enum KernelMessage {
    @Sendable static func parse(_ message: ArraySlice<UInt8>, into event: inout Event) {
        event.name("system", dataset: "system.kernel")
        var text = message.trimmed
        skipClock(&text)
        if FirewallMessage.read(text, into: &event) || fault(text, &event) || outOfMemory(text, &event)
            || device(text, &event) || denial(text, &event) || handshake(text, &event)
        {
            return
        }
        event.classify("host", "info", action: "kernel_message")
    }

    /// `[869507.505196] `: seconds since the start.
    private static func skipClock(_ text: inout ArraySlice<UInt8>) {
        var rest = text
        guard rest.take("[") else { return }
        rest.skipSpaces()
        guard rest.takeDecimal() != nil, rest.take("."), rest.takeDecimal() != nil, rest.take("] ") else { return }
        text = rest
    }

    /// `su[1433535]: segfault at 7f1f ip 7f1f sp 7ffd error 6 in ld.so[7f1f+25000]`, `traps: x[1] general protection
    /// fault ip:…`. A name has at most 15 bytes, too few to hold the words that follow it.
    private static func fault(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        let isTrap = rest.take("traps: ")
        guard let open = rest.prefix(17).lastIndex(of: UInt8(ascii: "[")) else { return false }
        let name = rest[..<open]
        rest = rest[(open + 1)...]
        guard let pid = rest.takeDecimal(), rest.take("]") else { return false }
        _ = rest.take(":")
        rest.skipSpaces()
        let kind = rest.word(until: UInt8(ascii: " "))
        guard kind.elementsEqual("segfault".utf8) || isTrap else { return false }
        event.classify("process", "end", action: isTrap ? "process_trap" : "process_segfault", outcome: "failure")
        event.set(.processName, name)
        event.set(.processPID, pid)
        if let range = rest.lastRange(of: " in ") {
            event.set(.fileName, rest[range.upperBound...].prefix { $0 != UInt8(ascii: "[") })
        }
        return true
    }

    /// `Out of memory: Killed process 123 (name) total-vm:…`, `Memory cgroup out of memory: Killed process …`.
    private static func outOfMemory(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        guard rest.take("Out of memory: ") || rest.take("Memory cgroup out of memory: ") else { return false }
        event.classify("process", "end", action: "process_out_of_memory", outcome: "failure")
        guard rest.take("Killed process ") || rest.take("Kill process "), let pid = rest.takeDecimal(),
            rest.take(" (")
        else { return true }
        event.set(.processPID, pid)
        // Again at most 15 bytes, with brackets in them if its owner likes.
        if let close = rest.prefix(16).lastIndex(of: UInt8(ascii: ")")) { event.set(.processName, rest[..<close]) }
        if let range = rest.lastRange(of: " UID:") {
            event.set(.userID, rest[range.upperBound...].prefix { $0.isDigit }.decimal.map { String($0) })
        }
        return true
    }

    private static func device(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        if text.hasPrefix("usb "), text.firstRange(of: ": New USB device found") != nil {
            event.classify("host", "start", action: "usb_device_found")
            return true
        }
        var rest = text
        _ = rest.take("device ")
        let name = rest.prefix(16).prefix { $0 != 0x20 && $0 != UInt8(ascii: ":") }
        rest.removeFirst(name.count)
        _ = rest.take(":")
        let left = rest.hasPrefix(" left promiscuous mode")
        guard left || rest.hasPrefix(" entered promiscuous mode") else { return false }
        event.classify("network", "change", action: left ? "promiscuous_mode_left" : "promiscuous_mode_entered")
        event.set(.ingressInterface, name)
        return true
    }

    /// `audit: type=1400 audit(…): apparmor="DENIED" operation="open" profile="x" name="/y" pid=1 comm="z"`, and modules
    /// without a signature.
    private static func denial(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        if text.firstRange(of: ": module verification failed") != nil {
            event.classify("driver", "start", action: "module_unsigned")
            event.set(.fileName, text.prefix { $0 != UInt8(ascii: ":") })
            return true
        }
        guard let status = KeyValues.first("apparmor", in: text) else { return false }
        let denied = status.elementsEqual("DENIED".utf8)
        event.classify("process", denied ? "denied" : "info", action: "apparmor", outcome: denied ? "failure" : nil)
        event.set(.ruleName, KeyValues.first("profile", in: text))
        event.set(.filePath, KeyValues.first("name", in: text))
        event.set(.processName, KeyValues.first("comm", in: text))
        event.set(.processPID, KeyValues.first("pid", in: text)?.decimal)
        return true
    }

    /// `wireguard: wg1: Invalid handshake initiation from 192.0.2.1:51820`: a key that is not known here.
    private static func handshake(_ text: ArraySlice<UInt8>, _ event: inout Event) -> Bool {
        var rest = text
        guard rest.take("wireguard: "), let interface = rest.take(until: ": "), interface.count <= 15,
            rest.take("Invalid handshake initiation from "), let colon = rest.lastIndex(of: UInt8(ascii: ":"))
        else { return false }
        event.classify(
            ["network"], ["connection", "denied"], action: "wireguard_handshake_refused", outcome: "failure")
        event.set(.ingressInterface, interface)
        if let peer = Peer(rest[..<colon], port: rest[(colon + 1)...].decimal) { event.set(peer) }
        return true
    }
}
