import CordonModel
import CordonTrust
import Glibc
import Testing

/// A folder of the test's own, removed afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/cordon-trust-XXXXXX".utf8CString)
    let made = unsafe mkdtemp(&template).map { unsafe String(cString: $0) }
    let folder = try #require(made)
    defer { removeAll(folder) }
    try body(folder)
}

private func removeAll(_ folder: String) {
    if let stream = unsafe opendir(folder) {
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            unsafe unlink("\(folder)/\(name)")
        }
        unsafe closedir(stream)
    }
    unsafe rmdir(folder)
}

@Suite("Key files")
struct KeyFileTests {
    @Test("a key file is readable by its owner alone, replaces the one before, and leaves nothing beside it")
    func writing() throws {
        try withFolder { folder in
            let path = "\(folder)/key"
            try KeyFile.write(Array("one".utf8), to: path)
            try KeyFile.write(Array("two".utf8), to: path)
            #expect(try KeyFile.read(path) == Array("two".utf8))
            var status = stat()
            #expect(unsafe stat(path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            #expect(try names(folder) == ["key"])
        }
    }

    @Test(
        "a secret that others may use is refused, a public file is not",
        arguments: [0o640, 0o604, 0o660, 0o644] as [mode_t])
    func permissions(_ mode: mode_t) throws {
        try withFolder { folder in
            let path = "\(folder)/key"
            try KeyFile.write([1], to: path)
            unsafe chmod(path, mode)
            let error = #expect(throws: TrustError.self) { _ = try KeyFile.read(path) }
            #expect(error?.code == "trust.file_permissions")
            #expect(try KeyFile.read(path, secret: false) == [1])
        }
    }

    @Test("a file that is missing, a folder, and one that is too long are told apart")
    func kinds() throws {
        try withFolder { folder in
            #expect(throws: TrustError.self) { _ = try KeyFile.read("\(folder)/none") }
            #expect(
                #expect(throws: TrustError.self) { _ = try KeyFile.read(folder, secret: false) }?.code
                    == "trust.file_kind")
            try KeyFile.write([UInt8](repeating: 0, count: KeyFile.limit + 1), to: "\(folder)/long")
            #expect(
                #expect(throws: TrustError.self) { _ = try KeyFile.read("\(folder)/long") }?.code == "trust.file_size")
        }
    }

    @Test("writing into a folder that is not there says so and leaves nothing")
    func missingFolder() throws {
        let error = #expect(throws: TrustError.self) { try KeyFile.write([1], to: "/nonexistent/key") }
        #expect(error?.code == "trust.file_missing")
    }

    @Test("signing keys and their public halves are read back")
    func signingKeys() throws {
        try withFolder { folder in
            let key = SigningKey()
            try KeyFile.write(key, to: "\(folder)/root.key")
            try KeyFile.write(key.verifyingKey, to: "\(folder)/root.pub")
            let read = try KeyFile.signingKey(at: "\(folder)/root.key")
            let signature = try read.signature(for: [1, 2, 3], in: .order)
            #expect(try KeyFile.verifyingKey(at: "\(folder)/root.pub").isValid(signature, for: [1, 2, 3], in: .order))
            try KeyFile.write(Array("abc".utf8), to: "\(folder)/bad")
            #expect(
                #expect(throws: TrustError.self) { _ = try KeyFile.signingKey(at: "\(folder)/bad") }?.code
                    == "trust.file_format")
        }
    }

    private func names(_ folder: String) throws -> [String] {
        guard let stream = unsafe opendir(folder) else { return [] }
        defer { _ = unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

@Suite("Order envelopes")
struct OrderEnvelopeTests {
    @Test("an order is believed only with a known key's signature over these very bytes, for orders")
    func orders() throws {
        let key = SigningKey()
        let other = SigningKey()
        let envelope = try OrderEnvelope(signing: [1, 2, 3], with: key)
        #expect(envelope.isSigned(byOneOf: [other.verifyingKey, key.verifyingKey]))
        #expect(!envelope.isSigned(byOneOf: []))
        #expect(!envelope.isSigned(byOneOf: [other.verifyingKey]))
        #expect(
            !OrderEnvelope(order: [1, 2, 4], keyID: envelope.keyID, signature: envelope.signature).isSigned(byOneOf: [
                key.verifyingKey
            ]))
        #expect(
            !OrderEnvelope(order: [1, 2, 3], keyID: other.verifyingKey.id, signature: envelope.signature)
                .isSigned(byOneOf: [key.verifyingKey, other.verifyingKey]))
        // A signature made for another purpose, by the right key over the right bytes.
        let misused = try key.signature(for: [1, 2, 3], in: .auditCheckpoint)
        #expect(
            !OrderEnvelope(order: [1, 2, 3], keyID: envelope.keyID, signature: misused).isSigned(byOneOf: [
                key.verifyingKey
            ]))
    }

    @Test("a key set is believed only from the policy root")
    func keySets() throws {
        let root = SigningKey()
        let envelope = try KeySetEnvelope(signing: [9], with: root)
        #expect(envelope.isSigned(by: root.verifyingKey))
        #expect(!envelope.isSigned(by: SigningKey().verifyingKey))
        #expect(!KeySetEnvelope(keySet: [8], signature: envelope.signature).isSigned(by: root.verifyingKey))
        #expect(!KeySetEnvelope(keySet: [9], signature: []).isSigned(by: root.verifyingKey))
    }
}
