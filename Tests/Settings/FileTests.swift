internal import CordonSettings
internal import Glibc
internal import SystemPackage
internal import Testing

/// A folder of its own, gone with the test.
final class Folder {
    let path: String

    init() throws {
        var template = Array("/tmp/cordon-settings.XXXXXX".utf8CString)
        try #require(unsafe mkdtemp(&template) != nil)
        path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { remove(path) }

    func write(_ name: String, _ text: String) throws -> String { try write(name, bytes: Array(text.utf8)) }

    func write(_ name: String, bytes: [UInt8]) throws -> String {
        let file = try FileDescriptor.open(
            FilePath("\(path)/\(name)"), .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        _ = try file.closeAfter { try file.writeAll(bytes) }
        return "\(path)/\(name)"
    }

    func makeFolder(_ name: String) throws -> String {
        try #require(unsafe mkdir("\(path)/\(name)", 0o700) == 0)
        return "\(path)/\(name)"
    }

    private func remove(_ path: String) {
        if let directory = unsafe opendir(path) {
            while let entry = unsafe readdir(directory) {
                let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != ".", name != ".." { remove("\(path)/\(name)") }
            }
            unsafe closedir(directory)
            unsafe rmdir(path)
        } else {
            unsafe unlink(path)
        }
    }
}

@Suite("Settings files and their drop-ins")
struct FileTests {
    @Test("drop-ins win in the order of their names, key by key, and say where each key stands")
    func merging() throws {
        let folder = try Folder()
        let file = try folder.write("agent.toml", "[a]\none = 1\ntwo = 1\nthree = 1\n")
        let dropIns = try folder.makeFolder("agent.d")
        _ = try folder.write("agent.d/20-b.toml", "[a]\nthree = 20\n")
        _ = try folder.write("agent.d/10-a.toml", "[a]\n\ntwo = 10\nthree = 10\n[new]\n")
        _ = try folder.write("agent.d/.hidden.toml", "no settings at all")
        _ = try folder.write("agent.d/30-c.toml.bak", "no settings at all")
        let document = try Settings.load(file: file, dropIns: dropIns)
        var section = document.section("a")
        let numbers = try ["one", "two", "three"].map { try section.integer($0, default: 0, in: 0...100) }
        #expect(numbers == [1, 10, 20])
        #expect(section.origin(of: "one") == "\(file):2")
        #expect(section.origin(of: "two") == "\(dropIns)/10-a.toml:3")
        #expect(section.origin(of: "three") == "\(dropIns)/20-b.toml:2")
        #expect(document.sources.map(\.path) == [file, "\(dropIns)/10-a.toml", "\(dropIns)/20-b.toml"])
        #expect(document.sources.last?.bytes == Array("[a]\nthree = 20\n".utf8))
        #expect(throws: SettingsError.self) { try document.finish(section) }
    }

    @Test("files and folders that are not there are empty, unless one insists")
    func missing() throws {
        let folder = try Folder()
        let document = try Settings.load(file: "\(folder.path)/none.toml", dropIns: "\(folder.path)/none.d")
        #expect(document.sources.isEmpty)
        try document.finish()
        let error = #expect(throws: SettingsError.self) {
            try Settings.load(file: "\(folder.path)/none.toml", required: true)
        }
        #expect(error?.code == "settings.missing")
        #expect(error?.message == "\(folder.path)/none.toml: The file is not there.")
    }

    @Test("a folder in place of a file, and a file in place of a folder, are said")
    func confused() throws {
        let folder = try Folder()
        let file = try folder.write("file", "")
        let asFile = #expect(throws: SettingsError.self) { try Settings.load(file: folder.path) }
        let asFolder = #expect(throws: SettingsError.self) { try Settings.load(file: nil, dropIns: file) }
        #expect(asFile?.code == "settings.unreadable" && asFolder?.code == "settings.unreadable")
    }

    @Test("a fault in a drop-in names the drop-in")
    func faultInDropIn() throws {
        let folder = try Folder()
        _ = try folder.write("50-bad.toml", "[a]\nkey = maybe\n")
        let error = #expect(throws: SettingsError.self) { try Settings.load(file: nil, dropIns: folder.path) }
        #expect(error?.message.hasPrefix("\(folder.path)/50-bad.toml:2: ") == true)
        #expect(error?.remedy == "Put maybe in double quotes if it is text.")
    }
}
