package import CordonModel
package import CordonTrust
package import CordonWire
internal import FoundationEssentials
internal import SwiftProtobuf

/// The Debian packages of one version for one architecture, within their limits.
package struct Release: Sendable, Hashable {
    /// One package of it.
    package struct File: Sendable, Hashable {
        /// As `cordon-agent`.
        package var package: String
        /// Bytes of the .deb.
        package var size: Int64
        /// Of the .deb: 32 bytes.
        package var sha256: [UInt8]

        package init(package: String, size: Int64, sha256: [UInt8]) {
            self.package = package
            self.size = size
            self.sha256 = sha256
        }
    }

    /// The fleet that it is for.
    package var fleet: String
    /// Version of every package in it (deb-version(7)).
    package var version: String
    /// As `dpkg --print-architecture` says: `amd64`.
    package var architecture: String
    /// When it was signed.
    package var createdAt: Timestamp
    /// Not installed afterwards.
    package var expiresAt: Timestamp
    /// Each package once, at most ``mostFiles``.
    package var files: [File]

    /// Packages of one release.
    package static let mostFiles = 8
    /// Bytes of one package.
    package static let mostBytes: Int64 = 256 << 20
    /// Bytes of a release and its signature as they travel.
    package static let mostSigned = 8192

    package init(
        fleet: String, version: String, architecture: String, createdAt: Timestamp, expiresAt: Timestamp, files: [File]
    ) {
        self.fleet = fleet
        self.version = version
        self.architecture = architecture
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.files = files
    }

    /// Bytes of all its packages.
    package var bytes: Int64 { files.reduce(0) { $0 + $1.size } }

    /// What is wrong with it, as the end of a sentence; `nil` for a good one.
    package var fault: String? {
        if fleet.isEmpty || fleet.utf8.count > 253 { return "its fleet is empty or too long" }
        if !Self.isVersion(version) { return "its version is none of Debian's" }
        if !Self.isArchitecture(architecture) { return "its architecture is none of Debian's" }
        if !(1...Self.mostFiles).contains(files.count) { return "it has \(files.count) packages, not 1 to 8" }
        if expiresAt <= createdAt { return "it expires before it was signed" }
        if Set(files.map(\.package)).count < files.count { return "it names a package twice" }
        for file in files {
            if !Self.isName(file.package, longest: 64) { return "the name of a package is none of Debian's" }
            if !(1...Self.mostBytes).contains(file.size) { return "\(file.package) has \(file.size) bytes" }
            if file.sha256.count != 32 { return "the sum of \(file.package) is no SHA-256" }
        }
        return nil
    }

    /// Whether dpkg takes the text as a version (Debian Policy §5.6.12), at most 100 bytes of it.
    package static func isVersion(_ text: String) -> Bool {
        guard (1...100).contains(text.utf8.count), text.utf8.contains(where: isDigit) else { return false }
        return text.utf8.enumerated().allSatisfy { place, byte in
            place == 0 ? isDigit(byte) : isDigit(byte) || isLetter(byte | 0x20) || ".+~:-".utf8.contains(byte)
        }
    }

    /// Whether the text is an architecture of Debian's, as far as its letters go.
    package static func isArchitecture(_ text: String) -> Bool { isName(text, longest: 32) }

    /// Names of packages (Debian Policy §5.6.1) and architectures.
    private static func isName(_ text: String, longest: Int) -> Bool {
        guard (2...longest).contains(text.utf8.count) else { return false }
        return text.utf8.enumerated().allSatisfy { place, byte in
            isDigit(byte) || isLetter(byte) || place > 0 && "+.-".utf8.contains(byte)
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
}

extension Release {
    /// Reads what was signed.
    /// - Throws: `WireError` for what is no release or is beyond its limits.
    package init(serialized bytes: [UInt8]) throws(WireError) {
        guard bytes.count <= Self.mostSigned, let message = try? Cordon_V1_Release(serializedBytes: bytes) else {
            throw WireError("it is no release")
        }
        self.init(
            fleet: message.fleet, version: message.version, architecture: message.architecture,
            createdAt: Timestamp(microseconds: message.createdUs),
            expiresAt: Timestamp(microseconds: message.expiresAtUs),
            files: message.files.map {
                File(package: $0.package, size: Int64(clamping: $0.size), sha256: Array($0.sha256))
            })
        if let fault { throw WireError(fault) }
    }

    /// What is signed.
    package func serialized() throws -> [UInt8] {
        try Cordon_V1_Release.with {
            $0.fleet = fleet
            $0.version = version
            $0.architecture = architecture
            $0.createdUs = createdAt.microseconds
            $0.expiresAtUs = expiresAt.microseconds
            $0.files = files.map { file in
                .with {
                    $0.package = file.package
                    $0.size = UInt64(clamping: file.size)
                    $0.sha256 = Data(file.sha256)
                }
            }
        }.serializedBytes()
    }
}

extension ReleaseEnvelope {
    /// The parts as they travel.
    package init(_ signed: Cordon_V1_SignedRelease) {
        self.init(release: Array(signed.release), signature: Array(signed.signature))
    }

    /// Reads a serialised `SignedRelease`: a file that `cordon upgrade sign` wrote.
    package init(serialized bytes: [UInt8]) throws(WireError) {
        guard bytes.count <= Release.mostSigned, let signed = try? Cordon_V1_SignedRelease(serializedBytes: bytes)
        else { throw WireError("it is no signed release") }
        self.init(signed)
    }

    /// As it travels.
    package var message: Cordon_V1_SignedRelease {
        .with {
            $0.release = Data(release)
            $0.signature = Data(signature)
        }
    }

    /// A serialised `SignedRelease`.
    package func serialized() throws -> [UInt8] { try message.serializedBytes() }

    /// The release, where the policy root signed it.
    /// - Throws: `WireError` for one that it did not sign, or that is no release.
    package func opened(by root: VerifyingKey) throws(WireError) -> Release {
        guard isSigned(by: root) else { throw WireError("the policy root of this fleet did not sign it") }
        return try Release(serialized: release)
    }
}
