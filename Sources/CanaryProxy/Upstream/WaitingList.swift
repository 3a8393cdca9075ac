// SPDX-License-Identifier: Apache-2.0

/// How an exchange stands in line for a connection to an endpoint that may have no more of them.
struct PlaceInLine {
    enum State: UInt8 {
        case none
        /// In the list of its endpoint's pool.
        case waiting
        /// A connection may be free: it is served before the turn ends.
        case called
    }

    var state = State.none
    var member = ClusterMember.none
    fileprivate var next: ExchangePointer?
    fileprivate var previous: ExchangePointer?
}

/// Exchanges in line, linked through themselves: an exchange is in one list at most.
struct WaitingList: BitwiseCopyable {
    private(set) var first: ExchangePointer?
    private var last: ExchangePointer?

    var isEmpty: Bool { first == nil }

    mutating func append(_ exchange: ExchangePointer) {
        exchange.pointee.place.previous = last
        exchange.pointee.place.next = nil
        if let last { last.pointee.place.next = exchange } else { first = exchange }
        last = exchange
    }

    mutating func prepend(_ exchange: ExchangePointer) {
        exchange.pointee.place.previous = nil
        exchange.pointee.place.next = first
        if let first { first.pointee.place.previous = exchange } else { last = exchange }
        first = exchange
    }

    mutating func remove(_ exchange: ExchangePointer) {
        let (previous, next) = (exchange.pointee.place.previous, exchange.pointee.place.next)
        if let previous { previous.pointee.place.next = next } else { first = next }
        if let next { next.pointee.place.previous = previous } else { last = previous }
        exchange.pointee.place.previous = nil
        exchange.pointee.place.next = nil
    }

    mutating func popFirst() -> ExchangePointer? {
        guard let exchange = first else { return nil }
        remove(exchange)
        return exchange
    }
}
