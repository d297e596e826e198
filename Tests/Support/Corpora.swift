internal import Glibc

/// Where the recorded logs and vectors are that are too large, or not ours, to lie in the repository.
package enum Corpora {
    /// `CORDON_CORPORA`, or `../shared/corpora` beside the checkout; `nil` when neither is there.
    package static let folder: String? = {
        let named = unsafe getenv("CORDON_CORPORA").map { unsafe String(cString: $0) }
        let beside = checkout.map { "\($0)/../shared/corpora" }
        return [named, beside].compactMap(\.self).first { unsafe access($0, R_OK | X_OK) == 0 }
    }()

    /// Why tests on them are skipped; `nil` when they need not be.
    package static let obstacle: String? =
        folder == nil ? "the corpora are missing: set CORDON_CORPORA, or put them at ../shared/corpora" : nil

    /// The folder that this file's package stands in.
    private static let checkout: String? = {
        guard let resolved = unsafe realpath(#filePath, nil) else { return nil }
        defer { unsafe free(resolved) }
        let parts = unsafe String(cString: resolved).split(separator: "/")
        return parts.count > 3 ? "/" + parts.dropLast(3).joined(separator: "/") : nil
    }()
}
