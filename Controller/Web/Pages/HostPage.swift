internal import CordonModel
internal import CordonOrders

/// One host: what holds it, what it says of itself, what was ordered and proved, and what can be done.
package struct HostPage: Page {
    package static let template = "host"
    package var frame: Frame
    package var hostID: String
    package var hostName: String
    package var presence: StateMark
    package var containment: StateMark
    package var seen: Moment?
    package var isolation: IsolationLine?
    package var blocks: [BlockLine] = []
    package var effects: [EffectLine] = []
    /// Whether nothing is in force.
    package var free: Bool
    package var facts: [Fact] = []
    /// `nil` when the reader or the host's state does not allow orders.
    package var orderForms: OrderForms?
    package var whyNoForms: String
    /// Newest first.
    package var orders: [OrderFold] = []

    package init(
        frame: Frame, hostID: String, hostName: String, presence: StateMark, containment: StateMark, seen: Moment?,
        isolation: IsolationLine?, blocks: [BlockLine], whyNoForms: String
    ) {
        self.frame = frame
        self.hostID = hostID
        self.hostName = hostName
        self.presence = presence
        self.containment = containment
        self.seen = seen
        self.isolation = isolation
        self.blocks = blocks
        free = isolation == nil && blocks.isEmpty
        self.whyNoForms = whyNoForms
    }

    /// An isolation in force.
    package struct IsolationLine: Sendable {
        package var until: Moment

        package init(until: Moment) { self.until = until }
    }

    /// A block in force.
    package struct BlockLine: Sendable {
        package var network: String
        package var until: Moment
        package var unblock: Undo?

        package init(network: String, until: Moment, unblock: Undo?) {
            self.network = network
            self.until = until
            self.unblock = unblock
        }
    }

    /// Something else in force.
    package struct EffectLine: Sendable {
        /// `Frozen`
        package var what: String
        package var subject: String
        package var until: Moment?
        package var undo: Undo?

        package init(what: String, subject: String, until: Moment?, undo: Undo?) {
            self.what = what
            self.subject = subject
            self.until = until
            self.undo = undo
        }
    }

    /// What the form that ends an effect carries.
    package struct Undo: Sendable {
        package var host: String
        package var token: String
        package var order: String
        package var target: String
        /// The kind of what is undone, as the host says.
        package var kind: String

        package init(host: String, token: String, order: String, target: String, kind: String = "") {
            self.kind = kind
            self.host = host
            self.token = token
            self.order = order
            self.target = target
        }
    }

    /// What the forms for orders carry. Each has an identifier of its own, so that a form sent twice is one order.
    package struct OrderForms: Sendable {
        package var host: String
        package var token: String
        package var releaseOrder: String
        package var isolateOrder: String
        package var blockOrder: String
        package var collectOrder = ""
        package var triageOrder = ""
        package var tableOrder = ""
        package var quarantineOrder = ""
        package var executableOrder = ""
        /// What the address of the page names, as a link from a case does; empty where it names none.
        package var givenPath = ""
        package var givenDigest = ""
        /// Whether one of them is filled in.
        package var isGiven = false
        /// Tables that can be looked at.
        package let tables: [TableChoice] = LiveTable.Name.allCases.map { TableChoice(tableName: $0.rawValue) }
        package var isolatedNow: Bool
        package var durations: [Span]
        /// What is said when the host is not there.
        package var offlineHint: String?

        package init(
            host: String, token: String, releaseOrder: String, isolateOrder: String, blockOrder: String,
            isolatedNow: Bool, durations: [Span]
        ) {
            self.host = host
            self.token = token
            self.releaseOrder = releaseOrder
            self.isolateOrder = isolateOrder
            self.blockOrder = blockOrder
            self.isolatedNow = isolatedNow
            self.durations = durations
        }
    }

    /// A table to choose.
    package struct TableChoice: Sendable {
        package var tableName: String
    }

    /// A duration to choose.
    package struct Span: Sendable {
        package var seconds: String
        package var label: String
        package var chosen: Bool

        package init(_ duration: Duration, chosen: Bool = false) {
            seconds = "\(duration.wholeSeconds)"
            label = Moment.words(duration)
            self.chosen = chosen
        }
    }

    /// An order with its proof, to unfold.
    package struct OrderFold: Sendable {
        package var orderID: String
        package var orderState: StateMark
        /// `Isolate for 4 h`
        package var what: String
        package var asked: Moment
        package var by: String
        package var reason: String
        package var answer: String?
        package var probes: [ProbeRow] = []
        package var applied: [String] = []
        /// `In force after 3.1 ms; 4 sockets reset; …`
        package var measure: String?
        /// What the order brought.
        package var brought: EvidenceLine?
        package var unfolded = false

        package init(
            orderID: String, orderState: StateMark, what: String, asked: Moment, by: String, reason: String,
            answer: String?
        ) {
            self.orderID = orderID
            self.orderState = orderState
            self.what = what
            self.asked = asked
            self.by = by
            self.reason = reason
            self.answer = answer
        }
    }

    /// One look of the enforcer at the world.
    package struct ProbeRow: Sendable {
        package var probe: String
        package var held: StateMark
        package var observed: String

        package init(probe: String, held: StateMark, observed: String) {
            self.probe = probe
            self.held = held
            self.observed = observed
        }
    }
}
