internal import Glibc

extension FileSource {
    /// What a source of this path would follow now, for who checks settings: the files that a pattern leads to, without
    /// those that a rotation left; `nil` where the path is that of one file, which need not be there.
    package static func followed(_ path: String) -> [String]? {
        let glob = FileGlob(path)
        guard glob.isPattern else { return nil }
        let paths = glob.paths().paths
        let there = Set(paths)
        // A part without wildcards behind one that has some may lead nowhere.
        return paths.filter { !FilePlaces.isRotated($0, among: there) && isThere($0) }
    }

    private static func isThere(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}
