// SPDX-License-Identifier: Apache-2.0

/// A worker's connections to one endpoint.
struct EndpointPool {
    var address: SocketAddress?
    /// The endpoint's text was looked up.
    var isKnown = false
    var firstIdle: UpstreamPointer?
    var idleCount = 0
    /// Requests that this endpoint is working on, for the choice of the least busy.
    var active: Int32 = 0
    /// Whose turn it is, for round robin; kept by the first endpoint of a destination.
    var turn: UInt64 = 0

    /// Puts a connection in front: the one used last is used next, so that the others can grow old and go.
    mutating func push(_ upstream: UpstreamPointer) {
        upstream.pointee.previousIdle = nil
        upstream.pointee.nextIdle = firstIdle
        firstIdle?.pointee.previousIdle = upstream
        firstIdle = upstream
        idleCount &+= 1
    }

    mutating func pop() -> UpstreamPointer? {
        guard let upstream = firstIdle else { return nil }
        remove(upstream)
        return upstream
    }

    mutating func remove(_ upstream: UpstreamPointer) {
        if let previous = upstream.pointee.previousIdle {
            previous.pointee.nextIdle = upstream.pointee.nextIdle
        } else {
            firstIdle = upstream.pointee.nextIdle
        }
        upstream.pointee.nextIdle?.pointee.previousIdle = upstream.pointee.previousIdle
        upstream.pointee.nextIdle = nil
        upstream.pointee.previousIdle = nil
        idleCount &-= 1
    }
}

/// The pools of a worker, by the endpoint's identifier.
struct EndpointPools: ~Copyable {
    private var base: UnsafeMutablePointer<EndpointPool>
    private(set) var count: Int

    init() {
        count = 64
        base = .allocate(capacity: count)
        base.initialize(repeating: EndpointPool(), count: count)
    }

    deinit {
        base.deallocate()
    }

    /// The pool of an endpoint; the place is valid until another endpoint is asked for.
    subscript(endpoint: UInt32) -> UnsafeMutablePointer<EndpointPool> {
        mutating get {
            let index = Int(endpoint)
            if index >= count { grow(to: max(index &+ 1, count &* 2)) }
            return base + index
        }
    }

    private mutating func grow(to size: Int) {
        let grown = UnsafeMutablePointer<EndpointPool>.allocate(capacity: size)
        grown.moveInitialize(from: base, count: count)
        (grown + count).initialize(repeating: EndpointPool(), count: size - count)
        base.deallocate()
        base = grown
        count = size
    }
}
