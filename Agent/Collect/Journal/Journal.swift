internal import CSystemd
internal import Glibc

/// One open journal of systemd. libsystemd wants it used, and closed, by one thread only: whoever owns it owns the
/// thread.
@safe package struct Journal: ~Copyable {
    private let handle: OpaquePointer

    /// libsystemd's own number of what went wrong.
    package struct Failure: Error, Equatable {
        package let errno: Int32

        /// One entry is damaged (EBADMSG, ENODATA); the others are not.
        package var isOfOneEntry: Bool { errno == 74 || errno == 61 }
    }

    /// What `process` found.
    enum News {
        case nothing
        case appended
        /// Files came or went: places in the journal are no longer good.
        case invalidated
    }

    /// Opens it; nothing is read yet.
    package init(_ scope: JournalScope) throws(Failure) {
        var raw: OpaquePointer?
        let local = Int32(SD_JOURNAL_LOCAL_ONLY)
        let status: Int32
        switch scope {
        case .host: status = unsafe sd_journal_open(&raw, local)
        case .namespace(let name): status = unsafe sd_journal_open_namespace(&raw, name, local)
        case .allNamespaces:
            status = unsafe sd_journal_open_namespace(&raw, nil, local | Int32(SD_JOURNAL_ALL_NAMESPACES))
        case .folder(let path): status = unsafe sd_journal_open_directory(&raw, path, 0)
        }
        guard status >= 0, let raw = unsafe raw else { throw Failure(errno: -status) }
        unsafe handle = raw
    }

    deinit { unsafe sd_journal_close(handle) }

    /// Lets only entries through that have one of the values in the field.
    package func match(_ field: String, anyOf values: [String]) throws(Failure) {
        for value in values {
            let match = Array("\(field)=\(value)".utf8)
            try check(unsafe sd_journal_add_match(handle, match, match.count))
        }
    }

    /// Entries that have what is matched from here on come too.
    func or() throws(Failure) { try check(unsafe sd_journal_add_disjunction(handle)) }

    // MARK: - Places

    func seekHead() throws(Failure) { try check(unsafe sd_journal_seek_head(handle)) }

    /// At the last entry; `false` when there is none.
    package func seekTail() throws(Failure) -> Bool {
        try check(unsafe sd_journal_seek_tail(handle))
        // Only going back makes the place real: without it the next entry may be any (systemd issue 9934).
        return try moved(unsafe sd_journal_previous(handle))
    }

    /// Before the first entry of that time: microseconds since the Unix epoch.
    package func seek(realtime: Int64) throws(Failure) {
        try check(unsafe sd_journal_seek_realtime_usec(handle, UInt64(clamping: realtime)))
    }

    func seek(cursor: String) throws(Failure) { try check(unsafe sd_journal_seek_cursor(handle, cursor)) }

    /// Whether the current entry is the cursor's.
    func isAt(cursor: String) throws(Failure) -> Bool { try moved(unsafe sd_journal_test_cursor(handle, cursor)) }

    /// Goes one entry on; `false` at the end.
    package func next() throws(Failure) -> Bool { try moved(unsafe sd_journal_next(handle)) }

    /// Goes one entry back; `false` at the beginning.
    package func previous() throws(Failure) -> Bool { try moved(unsafe sd_journal_previous(handle)) }

    /// The current entry's place, that outlives the handle.
    func cursor() throws(Failure) -> String {
        var raw: UnsafeMutablePointer<CChar>?
        try check(unsafe sd_journal_get_cursor(handle, &raw))
        guard let raw = unsafe raw else { throw Failure(errno: EBADMSG) }
        defer { unsafe free(raw) }
        return unsafe String(cString: raw)
    }

    /// When the current entry was received: microseconds since the Unix epoch.
    package func realtime() throws(Failure) -> Int64 {
        var microseconds: UInt64 = 0
        try check(unsafe sd_journal_get_realtime_usec(handle, &microseconds))
        return Int64(clamping: microseconds)
    }

    // MARK: - Contents

    /// Calls with each field of the current entry (`NAME=value`), once through: looking fields up by name scans the
    /// entry again each time.
    package func enumerate(_ body: (_ field: Span<UInt8>) -> Void) throws(Failure) {
        unsafe sd_journal_restart_data(handle)
        while true {
            var data: UnsafeRawPointer?
            var length = 0
            let status: Int32 = unsafe sd_journal_enumerate_available_data(handle, &data, &length)
            guard status != 0 else { return }
            try check(status)
            guard let data = unsafe data else { return }
            // The pointer is good until the next call only.
            let bytes = unsafe UnsafeBufferPointer(start: data.assumingMemoryBound(to: UInt8.self), count: length)
            unsafe body(bytes.span)
        }
    }

    /// What the body makes of the field (`NAME=value`) of the current entry; `nil` where it has none. For one field only:
    /// each look scans the entry again.
    package func field<Value>(_ name: String, _ body: (_ field: Span<UInt8>) -> Value) throws(Failure) -> Value? {
        var data: UnsafeRawPointer?
        var length = 0
        let status: Int32 = unsafe sd_journal_get_data(handle, name, &data, &length)
        guard status != -ENOENT else { return nil }
        try check(status)
        guard let data = unsafe data else { return nil }
        // The pointer is good until the next call only.
        let bytes = unsafe UnsafeBufferPointer(start: data.assumingMemoryBound(to: UInt8.self), count: length)
        return unsafe body(bytes.span)
    }

    /// Longer values are cut by libsystemd.
    package func limitValues(to bytes: Int) throws(Failure) {
        try check(unsafe sd_journal_set_data_threshold(handle, bytes))
    }

    // MARK: - News

    /// Becomes readable with news.
    func descriptor() throws(Failure) -> Int32 {
        let descriptor: Int32 = unsafe sd_journal_get_fd(handle)
        try check(descriptor)
        return descriptor
    }

    /// Takes what the descriptor told.
    func process() throws(Failure) -> News {
        let status: Int32 = unsafe sd_journal_process(handle)
        try check(status)
        switch status {
        case Int32(SD_JOURNAL_APPEND): return .appended
        case Int32(SD_JOURNAL_INVALIDATE): return .invalidated
        default: return .nothing
        }
    }

    private func check(_ status: Int32) throws(Failure) {
        if status < 0 { throw Failure(errno: -status) }
    }

    private func moved(_ status: Int32) throws(Failure) -> Bool {
        try check(status)
        return status > 0
    }
}
