// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// What a worker knows of endpoints by their numbers: where they are, and when to forget them.
extension Worker {
    private static let sweepDelay: Int64 = 1000

    /// An endpoint's address; `nil` where it is none.
    mutating func address(of endpoint: UInt64, _ pool: UnsafeMutablePointer<EndpointPool>) -> SocketAddress? {
        if pool.pointee.address == nil, let known = shared.identifiers.endpoint(endpoint) {
            pool.pointee.address = SocketAddress(host: known.host, port: known.port)
        }
        return pool.pointee.address
    }

    /// Takes over the addresses of names.
    mutating func adopt(_ resolutions: Resolutions?) {
        guard resolutions !== self.resolutions else { return }
        for name in names.numbers { names[name].pointee.addresses.deallocate() }
        names.keep { _, _ in false }
        for (name, addresses) in resolutions?.addresses ?? [:] {
            let copy = UnsafeMutableBufferPointer<EndpointRecord>.allocate(capacity: addresses.count)
            _ = copy.initialize(from: addresses)
            names[name].pointee = NamedAddresses(
                isKnown: true,
                addresses: UnsafeBufferPointer(copy),
                turn: random.next() >> 32
            )
        }
        self.resolutions = resolutions
        sweepSoon()
    }

    // MARK: - Forgetting

    /// Has the loop look, before long, for what no table has any more.
    mutating func sweepSoon() {
        if sweepAt == Registration.never { sweepAt = now &+ Self.sweepDelay }
    }

    /// Closes resting connections to endpoints that have left, and forgets endpoints and clusters.
    mutating func sweepIfDue() {
        guard now >= sweepAt else { return }
        sweepAt = Registration.never
        let (endpoints, clusters) = shared.identifiers.departed(
            endpoints: pools.numbers,
            clusters: turns.numbers
        )
        turns.keep { number, _ in !clusters.contains(number) }
        for endpoint in endpoints {
            pools[endpoint].pointee.hasLeft = true
            closeIdle(endpoint)
        }
        var isWaiting = false
        pools.keep { _, pool in
            guard pool.pointee.hasLeft else { return true }
            if pool.pointee.active > 0 { isWaiting = true }
            return pool.pointee.active > 0
        }
        counters.setKnown(endpoints: pools.count, clusters: turns.count)
        if isWaiting { sweepSoon() }
    }

    mutating func closeIdle(_ endpoint: UInt64) {
        while let upstream = pools[endpoint].pointee.firstIdle { closeUpstream(upstream) }
    }
}

/// The addresses that a name stands for, in a worker's own memory.
struct NamedAddresses {
    /// Whether its first look-up has ended.
    var isKnown = false
    var addresses = UnsafeBufferPointer<EndpointRecord>(start: nil, count: 0)
    var turn: UInt64 = 0
}
