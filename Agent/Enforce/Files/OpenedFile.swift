internal import CLinux
internal import CordonModel
internal import Glibc

/// Where a file is: its folder, held open, and its name in it. No part of the way is a link.
struct FilePlace {
    let path: String
    let name: String
    let folder: Descriptor

    /// Opens the folder of an absolute path. Throws a `Refusal` for a path that does not mean what it spells.
    init(_ path: String) throws {
        // By bytes, as the kernel reads it: a slash with a combining mark behind it is one `Character`, and no separator.
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard path.utf8.count < Int(PATH_MAX), parts.count > 1, parts[0].isEmpty, !path.utf8.contains(0),
            !parts.dropFirst().contains(where: {
                $0.isEmpty || $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8)
            }),
            let name = parts.last
        else {
            throw Refusal("built-in: path", "Not an absolute path of a file without `.`, `..` and `//`: \(path)")
        }
        self.path = path
        self.name = String(decoding: name, as: UTF8.self)
        let above =
            parts.count == 2
            ? "/" : String(decoding: path.utf8[..<path.utf8.index(before: name.startIndex)], as: UTF8.self)
        folder = try Descriptor(unsafe clinux_open_folder(above)) { number in
            switch number {
            case ELOOP: Self.linked(path)
            case ENOENT, ENOTDIR: EnforceError("file.gone", "The folder of \(path) is not there.")
            default: EnforceError.file("open the folder of", path, number)
            }
        }
    }

    /// Throws where files are the kernel's, or another program's, words.
    func checkFileSystem() throws { try OpenedFile.checkFileSystem(of: folder, path) }

    static func linked(_ path: String) -> any Error {
        Refusal("built-in: link", "A part of \(path) is a symbolic link: order the file by its own path.")
    }

    /// Moves the file to another name in its folder that is free.
    func rename(_ from: String, to name: String) throws {
        let result = unsafe clinux_rename_new(folder.number, from, folder.number, name)
        guard result >= 0 else { throw EnforceError.file("rename", path, -result) }
    }

    /// Removes a name of the folder; one that is not there is no error.
    func remove(_ name: String) throws {
        guard unsafe unlinkat(folder.number, name, 0) == 0 || errno == ENOENT else {
            throw EnforceError.file("remove", path, errno)
        }
    }

    func sync() throws { try folder.sync("the folder of \(path)") }
}

/// A regular file that is held open together with its folder: what is judged, read and taken away is one file.
struct OpenedFile {
    let place: FilePlace
    let file: Descriptor
    /// As it was when it was opened.
    let status: FileStatus

    var path: String { place.path }

    /// Opens it for reading. Throws a `Refusal` for what is no regular file, or not on a file system that keeps files.
    init(_ path: String) throws {
        let place = try FilePlace(path)
        try place.checkFileSystem()
        self.place = place
        file = try Descriptor(unsafe clinux_open_regular(place.folder.number, place.name)) { number in
            switch number {
            case ELOOP: FilePlace.linked(path)
            case EISDIR: Refusal("built-in: file type", "\(path) is a folder.")
            case EINVAL: Refusal("built-in: file type", "\(path) is no regular file.")
            default: EnforceError.file("open", path, number)
            }
        }
        try Self.checkFileSystem(of: file, path)
        status = try FileStatus(of: file, path)
    }

    /// Throws unless what has that name in the folder is the open file.
    func check(named name: String) throws {
        guard let there = try FileStatus(of: name, in: place.folder), there.isSame(as: status) else { throw changed }
    }

    /// Throws when anything about the file is other than it was when it was opened: what nobody can turn back tells.
    func checkUntouched() throws {
        let now = try FileStatus(of: file, path)
        guard now.identity == status.identity, now.changed == status.changed else { throw changed }
    }

    /// Throws when the file's bytes may be others than those that were read, though its name was changed since.
    func checkUnchanged() throws {
        guard try FileStatus(of: file, path).identity == status.identity else { throw changed }
    }

    private var changed: EnforceError {
        EnforceError(
            "file.changed", "\(path) was changed or replaced while it was being taken: it was left alone.",
            remedy: "Look at it again, stop what writes it, and order anew.")
    }

    /// File systems whose files are the kernel's, or another program's, words: statfs(2), f_type.
    private static let unreal: [Int64: String] = [
        0x9FA0: "proc", 0x6265_6572: "sysfs", 0x27_E0EB: "cgroup", 0x6367_7270: "cgroup2", 0x6462_6720: "debugfs",
        0x7472_6163: "tracefs", 0x7363_6673: "securityfs", 0xCAFE_4A11: "bpf", 0x6265_6570: "configfs",
        0xDE5E_81E4: "efivarfs", 0x6165_676C: "pstore", 0xF97C_FF8C: "selinuxfs", 0x1CD1: "devpts",
        0x1980_0202: "mqueue", 0x4249_4E4D: "binfmt_misc", 0x6E73_6673: "nsfs", 0x6573_5546: "fuse",
    ]

    static func checkFileSystem(of file: Descriptor, _ path: String) throws {
        if let name = unreal[clinux_file_system_type(file.number)] {
            throw Refusal(
                "built-in: file system", "\(path) is on a file system of type \(name): nothing is taken there.")
        }
    }
}
