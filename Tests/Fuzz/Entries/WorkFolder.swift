import Glibc
import SystemPackage

/// A folder in memory for one input, gone with it.
final class WorkFolder: Sendable {
    let path: String

    init() throws {
        let root = unsafe access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = "\(root)/cordon-fuzz.XXXXXX".utf8CString.map { $0 }
        guard unsafe mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in SeedFiles.names(path) { unsafe unlink("\(path)/\(name)") }
        unsafe rmdir(path)
    }

    /// Another folder with the same files but one.
    func copied(without name: String) throws -> WorkFolder {
        let copy = try WorkFolder()
        for other in SeedFiles.names(path) where other != name {
            try SeedFiles.write(try SeedFiles.contents("\(path)/\(other)"), to: "\(copy.path)/\(other)")
        }
        return copy
    }

    enum Damage {
        case none
        case flipped
        case cut
        case overwritten
    }

    /// Does one thing to a file that a disk or a crash could do.
    func damage(_ name: String, _ choices: inout Choices) throws -> Damage {
        var bytes = try SeedFiles.contents("\(path)/\(name)")
        let damage: Damage
        let kind = choices.byte() % 4
        let place = choices.number()
        guard !bytes.isEmpty, kind > 0 else { return .none }
        switch kind {
        case 1:
            bytes[place % bytes.count] ^= max(1, choices.byte())
            damage = .flipped
        case 2:
            guard place < bytes.count else { return .none }
            bytes.removeSubrange(place...)
            damage = .cut
        default:
            let start = place % bytes.count
            let with = choices.bytes(64)
            guard !with.isEmpty else { return .none }
            bytes.replaceSubrange(start..<min(bytes.count, start + with.count), with: with)
            damage = .overwritten
        }
        try SeedFiles.write(bytes, to: "\(path)/\(name)")
        return damage
    }
}
