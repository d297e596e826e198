import CLibFuzzer
import Glibc

/// What `./dev fuzz` calls: `cordon-fuzz NAME SEEDS CORPUS [LIBFUZZER'S ARGUMENTS]` puts the entry's seeds, those of
/// the folder SEEDS and those that it makes itself, into the folder CORPUS, and hands over to libFuzzer, which goes on
/// from there. `cordon-fuzz NAME FILE` runs the entry once on a file.
@main
struct Fuzzer {
    /// The one that is run; libFuzzer's callback has no room for it.
    private static let entry = FuzzEntry.all.first { entry in
        CommandLine.arguments.count > 1 && entry.name == CommandLine.arguments[1]
    }

    static func main() throws {
        let arguments = CommandLine.arguments
        guard let entry, arguments.count > 2 else {
            say("cordon-fuzz NAME FILE, where NAME is one of: \(FuzzEntry.names.joined(separator: " "))")
            exit(2)
        }
        guard arguments.count > 3 else { return take(try SeedFiles.contents(arguments[2])) }
        for (number, seed) in try entry.seeds(in: arguments[2]).enumerated() {
            try SeedFiles.write(seed, to: "\(arguments[3])/seed-\(number)")
        }
        exit(run([arguments[0]] + arguments[4...] + [arguments[3]]))
    }

    private static func run(_ arguments: [String]) -> Int32 {
        var pointers = unsafe arguments.map { unsafe strdup($0) } + [nil]
        var count = Int32(clamping: arguments.count)
        return unsafe pointers.withUnsafeMutableBufferPointer { buffer in
            var start = buffer.baseAddress
            return unsafe LLVMFuzzerRunDriver(&count, &start, testOneInput)
        }
    }

    fileprivate static func take(_ bytes: [UInt8]) {
        do {
            try entry?.run(bytes)
        } catch {
            say("does not hold: \(error)")
            abort()
        }
    }

    private static func say(_ text: String) {
        let bytes = Array("cordon-fuzz: \(text)\n".utf8)
        unsafe _ = Glibc.write(2, bytes, bytes.count)
    }
}

/// What libFuzzer calls with each input; its library wants one of this name, whatever its driver is given.
@_cdecl("LLVMFuzzerTestOneInput")
package func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    unsafe Fuzzer.take(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
