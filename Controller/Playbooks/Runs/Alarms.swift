internal import CordonModel

/// Times at which runs want to be woken: a binary heap, the earliest first.
struct Alarms {
    struct Alarm {
        let at: Timestamp
        let run: RunID
        let timer: Int
    }

    private var heap: [Alarm] = []

    var earliest: Timestamp? { heap.first?.at }

    mutating func insert(_ alarm: Alarm) {
        heap.append(alarm)
        var child = heap.count - 1
        while child > 0, heap[child].at < heap[(child - 1) / 2].at {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out the alarms that are due, earliest first.
    mutating func due(at instant: Timestamp) -> [Alarm] {
        var due: [Alarm] = []
        while let first = heap.first, first.at <= instant {
            due.append(first)
            removeFirst()
        }
        return due
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].at < heap[least].at {
                least = child
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
