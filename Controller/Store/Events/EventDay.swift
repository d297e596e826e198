internal import ControllerIntake
internal import CordonModel
internal import FoundationEssentials
internal import GRDB

/// The events that were received on one day (UTC): a file of its own, so that a day is dropped by removing it.
struct EventDay: Sendable {
    let day: Int64
    let pool: DatabasePool

    /// The row of an event, made before the file is locked.
    struct Entry: Sendable {
        let sequence: Int64
        /// When it happened, or when it came if that is earlier.
        let time: Timestamp
        /// A serialised `Cordon_V1_Event`.
        let content: [UInt8]
        let terms: String
    }

    /// Opens the file; makes it where it is missing.
    init(day: Int64, path: String) throws {
        self.day = day
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 3
        configuration.label = "cordon.events"
        configuration.prepareDatabase { connection in
            // FULL: what is acknowledged to an agent survives a power cut.
            try connection.execute(sql: "PRAGMA synchronous = FULL")
            try connection.execute(sql: "PRAGMA cache_size = -8000")
            try connection.execute(sql: "PRAGMA journal_size_limit = 67108864")
            // Pages of the index are written again and again: the fewer checkpoints, the fewer times to the disk.
            try connection.execute(sql: "PRAGMA wal_autocheckpoint = 8000")
        }
        pool = try DatabasePool(path: path, configuration: configuration)
        try pool.write { connection in
            for statement in Self.schema { try connection.execute(sql: statement) }
        }
    }

    func close() throws { try pool.close() }

    /// `number` is never used again within a file and grows with receipt. The index holds terms and no text.
    private static let schema = [
        """
        CREATE TABLE IF NOT EXISTS stream (
            stream INTEGER PRIMARY KEY, agent TEXT NOT NULL, epoch BLOB NOT NULL, last INTEGER NOT NULL,
            UNIQUE (agent, epoch)
        ) STRICT
        """,
        """
        CREATE TABLE IF NOT EXISTS event (
            number INTEGER PRIMARY KEY, stream INTEGER NOT NULL, sequence INTEGER NOT NULL, time INTEGER NOT NULL,
            received_at INTEGER NOT NULL, content BLOB NOT NULL
        ) STRICT
        """,
        "CREATE UNIQUE INDEX IF NOT EXISTS event_key ON event (stream, sequence)",
        "CREATE INDEX IF NOT EXISTS event_time ON event (time)",
        """
        CREATE VIRTUAL TABLE IF NOT EXISTS term USING fts5
        (terms, content = '', detail = none, columnsize = 0, tokenize = 'ascii')
        """,
        // Parts of the index are merged eight at a time and not four, its default: a fifth less work, and searches look
        // into a few parts more.
        "INSERT INTO term (term, rank) VALUES ('automerge', 8)",
    ]

    // MARK: - Writing

    /// Writes what of a stream is not there yet; durable when it returns.
    /// - Returns: How many were new.
    @discardableResult
    func add(_ entries: [Entry], of stream: StreamKey, at now: Timestamp) async throws -> Int {
        try await pool.write { connection in
            // Numbers and times of receipt grow together, whatever the clock does: searches go by that.
            let latest = try connection.row("SELECT received_at FROM event ORDER BY number DESC LIMIT 1")
            let received = max(now, try latest?.timestamp("received_at") ?? now).microseconds
            let number = try Self.stream(stream, last: entries.last?.sequence ?? 0, connection)
            let event = try connection.cachedStatement(
                sql: """
                    INSERT OR IGNORE INTO event (stream, sequence, time, received_at, content)
                    VALUES ($1, $2, $3, $4, $5)
                    """)
            let term = try connection.cachedStatement(sql: "INSERT INTO term (rowid, terms) VALUES ($1, $2)")
            var added = 0
            for entry in entries {
                try event.execute(arguments: [
                    number, entry.sequence, entry.time.microseconds, received, Data(entry.content),
                ])
                guard connection.changesCount == 1 else { continue }
                try term.execute(arguments: [connection.lastInsertedRowID, entry.terms])
                added += 1
            }
            return added
        }
    }

    private static func stream(_ key: StreamKey, last: Int64, _ connection: GRDB.Database) throws -> Int64 {
        try connection.run(
            """
            INSERT INTO stream (agent, epoch, last) VALUES ($1, $2, $3)
            ON CONFLICT (agent, epoch) DO UPDATE SET last = MAX(last, excluded.last)
            """, key.agent, key.epoch, last)
        return try connection.row("SELECT stream FROM stream WHERE agent = $1 AND epoch = $2", key.agent, key.epoch)?
            .integer("stream") ?? 0
    }

    // MARK: - Looking

    /// The highest sequence of each stream that is here.
    func streams() throws -> [StreamKey: Int64] {
        try pool.read { connection in
            try connection.rows("SELECT agent, epoch, last FROM stream").reduce(into: [:]) { streams, row in
                let key = StreamKey(agent: try row.identifier("agent"), epoch: try row.bytes("epoch"))
                streams[key] = try row.integer("last")
            }
        }
    }

    /// Which of the sequences are here.
    func sequences(of stream: StreamKey, in range: ClosedRange<Int64>) async throws -> Set<Int64> {
        try await pool.read { connection in
            Set(
                try connection.rows(
                    """
                    SELECT event.sequence FROM event JOIN stream ON stream.stream = event.stream
                    WHERE stream.agent = $1 AND stream.epoch = $2 AND event.sequence >= $3 AND event.sequence <= $4
                    """, stream.agent, stream.epoch, range.lowerBound, range.upperBound
                ).map { try $0.integer("sequence") })
        }
    }

    /// Events here.
    func count() async throws -> Int {
        try await pool.read { try $0.row("SELECT COALESCE(MAX(number), 0) AS count FROM event")?.count("count") ?? 0 }
    }

    /// Looks through this day in the search's order, until the page is full or the time is over.
    func search(_ search: EventSearch, until deadline: ContinuousClock.Instant) async throws -> Look {
        let query = EventDayQuery(search: search, day: day)
        return try await pool.read { connection in try query.run(connection, until: deadline) }
    }

    /// What one look through a day gave.
    struct Look: Sendable {
        var events: [(cursor: EventCursor, event: StoredEvent)] = []
        /// The last that was looked at.
        var reached: EventCursor?
        /// Whether the day's end was reached.
        var isOver = true
    }
}

/// One spool of one agent.
struct StreamKey: Sendable, Hashable {
    let agent: AgentID
    let epoch: [UInt8]
}
