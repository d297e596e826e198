internal import CPCRE2
internal import Synchronization

/// A regular expression made ready (PCRE2, UTF-8), searched anywhere in a text. Bounded: a search that costs too much
/// ends without a match, and is counted. Bytes that are not UTF-8 match nothing and break nothing. Compiled to machine
/// code where the host permits that. One search at a time: others wait.
package final class Expression: Sendable {
    /// `i`, `m`, `s` of Sigma.
    package struct Options: OptionSet, Sendable, Hashable {
        package var rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let ignoresCase = Options(rawValue: 1)
        package static let isMultiline = Options(rawValue: 2)
        package static let dotMatchesNewlines = Options(rawValue: 4)
    }

    /// Bytes of an expression's source.
    package static let longest = 8192
    /// Steps of one search (`pcre2_set_match_limit`).
    private static let steps: UInt32 = 1_000_000
    /// Levels of backtracking of one search.
    private static let depth: UInt32 = 10_000
    /// KiB of one search.
    private static let heap: UInt32 = 2048

    private let parts: Mutex<Parts>

    /// - Throws: ``MatchError`` `match.expression` with PCRE2's words and the place.
    package init(_ source: String, options: Options = []) throws(MatchError) {
        parts = Mutex(try Parts(source, options))
    }

    /// Whether the expression matches anywhere in the text; false when the search was given up.
    package func matches(_ text: Span<UInt8>) -> Bool {
        parts.withLock { $0.matches(text) }
    }

    /// Searches that were given up for their cost.
    package var abandoned: Int { parts.withLock { $0.abandoned } }

    /// PCRE2's objects, freed together.
    @safe private struct Parts: ~Copyable {
        private let code: OpaquePointer
        private let data: OpaquePointer
        private let context: OpaquePointer
        var abandoned = 0

        init(_ source: String, _ options: Options) throws(MatchError) {
            let code = unsafe try Self.compile(source, options)
            guard let data = unsafe pcre2_match_data_create_8(1, nil) else {
                unsafe pcre2_code_free_8(code)
                throw MatchError("memory", "There is no memory for an expression.")
            }
            guard let context = unsafe pcre2_match_context_create_8(nil) else {
                unsafe pcre2_match_data_free_8(data)
                unsafe pcre2_code_free_8(code)
                throw MatchError("memory", "There is no memory for an expression.")
            }
            unsafe pcre2_set_match_limit_8(context, Expression.steps)
            unsafe pcre2_set_depth_limit_8(context, Expression.depth)
            unsafe pcre2_set_heap_limit_8(context, Expression.heap)
            // A host that forbids writable code refuses; the interpreter does then.
            unsafe pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE))
            unsafe (self.code, self.data, self.context) = (code, data, context)
        }

        private static func compile(_ source: String, _ options: Options) throws(MatchError) -> OpaquePointer {
            let bytes = Array(source.utf8)
            guard bytes.count <= Expression.longest else {
                throw MatchError("expression", "The expression is longer than \(Expression.longest) bytes.")
            }
            var flags = UInt32(PCRE2_MATCH_INVALID_UTF) | UInt32(PCRE2_NEVER_BACKSLASH_C)
            if options.contains(.ignoresCase) { flags |= UInt32(PCRE2_CASELESS) }
            if options.contains(.isMultiline) { flags |= UInt32(PCRE2_MULTILINE) }
            if options.contains(.dotMatchesNewlines) { flags |= UInt32(PCRE2_DOTALL) }
            var failure: Int32 = 0
            var offset = 0
            let code = unsafe pcre2_compile_8(bytes, bytes.count, flags, &failure, &offset, nil)
            guard let code = unsafe code else {
                throw MatchError(
                    "expression", "The expression fails at byte \(offset): \(words(failure)).",
                    remedy: "Write it as PCRE does.")
            }
            return unsafe code
        }

        private static func words(_ failure: Int32) -> String {
            var buffer = [UInt8](repeating: 0, count: 256)
            let length = unsafe pcre2_get_error_message_8(failure, &buffer, buffer.count)
            return String(decoding: buffer.prefix(Int(max(0, length))), as: UTF8.self)
        }

        mutating func matches(_ text: Span<UInt8>) -> Bool {
            let result = unsafe text.withUnsafeBufferPointer { text in
                // PCRE2 wants an address even for an empty text.
                var nothing: UInt8 = 0
                return unsafe withUnsafeMutablePointer(to: &nothing) { nothing in
                    let start = unsafe text.baseAddress ?? UnsafePointer(nothing)
                    return unsafe pcre2_match_8(code, start, text.count, 0, 0, data, context)
                }
            }
            // 0 says that it matched and that there was no room for groups.
            if result < 0, result != PCRE2_ERROR_NOMATCH { abandoned += 1 }
            return result >= 0
        }

        deinit {
            unsafe pcre2_match_context_free_8(context)
            unsafe pcre2_match_data_free_8(data)
            unsafe pcre2_code_free_8(code)
        }
    }
}
