package import CordonModel

/// One batch as an agent shipped it, decoded, nothing of it believed.
package struct ShippedBatch: Sendable, Hashable {
    /// Of the agent's spool: 16 bytes.
    package var epoch: [UInt8]
    /// Of the first item; the others follow by 1.
    package var firstSequence: UInt64
    /// At most ``Limits/items``.
    package var items: [ShippedItem]

    package init(epoch: [UInt8], firstSequence: UInt64, items: [ShippedItem]) {
        self.epoch = epoch
        self.firstSequence = firstSequence
        self.items = items
    }

    /// Bounds on what one batch may carry; beyond those of the batch it is refused, beyond those of an item that item is kept aside.
    package enum Limits {
        package static let items = 512
        /// Bytes of an event's line and texts together.
        package static let event = 256 << 10
        /// Bytes of a deduplication key.
        package static let key = 1024
        /// Bytes of a rule's identifier or name.
        package static let rule = 500
        /// Techniques of a rule.
        package static let techniques = 64
        /// Bytes of an observable's value that grouping and search look at.
        package static let observable = 1024
        /// Bytes kept of what could not be understood.
        package static let aside = 1 << 20
    }
}

/// One thing that an agent shipped.
package enum ShippedItem: Sendable, Hashable {
    case telemetry(Telemetry)
    /// What the decoder could not understand: its bytes and why.
    case unreadable(bytes: [UInt8], reason: String)
}

/// What became of a batch; everything in it is durable.
package struct IntakeReceipt: Sendable, Hashable {
    /// The last sequence number that is durable: what the acknowledgement says.
    package var sequence: UInt64
    /// Items that were new.
    package var accepted: Int
    /// Items that had been received before.
    package var duplicates: Int
    /// Of the new ones, how many were kept aside.
    package var aside: Int
    /// Alerts that are new or came again, in order.
    package var alerts: [AlertID]

    package init(sequence: UInt64, accepted: Int = 0, duplicates: Int = 0, aside: Int = 0, alerts: [AlertID] = []) {
        self.sequence = sequence
        self.accepted = accepted
        self.duplicates = duplicates
        self.aside = aside
        self.alerts = alerts
    }
}
