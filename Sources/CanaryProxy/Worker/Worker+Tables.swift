// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryModel
import Glibc

/// What other threads ask of a worker: a new table, other listeners, an end.
extension Worker {
    /// Takes over what was published since the last look.
    mutating func adoptChanges() {
        let published = shared.publication()
        seenVersion = published.version
        adopt(published.listeners)
        if let table = published.table { adopt(table, published.entries) }
        adoptResolutions(published.resolutions)
        if published.isDraining, !isDraining { startDraining() }
    }

    // MARK: - Tables

    private mutating func adopt(_ table: RoutingTable, _ entries: [ListenerEntry]) {
        if let generation {
            let isSame = generation.pointee.table._withUnsafeGuaranteedRef { $0 === table }
            if isSame, generation.pointee.listeners.elementsEqual(entries) { return }
            generation.pointee.isCurrent = false
            if generation.pointee.exchanges == 0 { free(generation) }
        }
        let copy = UnsafeMutableBufferPointer<ListenerEntry>.allocate(capacity: entries.count)
        _ = copy.initialize(from: entries)
        let next = UnsafeMutablePointer<TableGeneration>.allocate(capacity: 1)
        next.initialize(
            to: TableGeneration(table: Unmanaged.passRetained(table), listeners: copy)
        )
        generation = next
        counters.setRevision(table.revision)
    }

    /// Lets go of a table that no request uses any more.
    func free(_ generation: UnsafeMutablePointer<TableGeneration>) {
        generation.pointee.table.release()
        generation.pointee.listeners.deallocate()
        generation.deallocate()
    }

    // MARK: - Listeners

    private mutating func adopt(_ open: [OpenListener]) {
        for listener in listeners where !open.contains(where: { $0.number == listener.number }) {
            stop(listener)
            retire { $0.pointee.listener == listener.number }
        }
        listeners.removeAll { listener in !open.contains { $0.number == listener.number } }
        for listener in open where !listeners.contains(where: { $0.number == listener.number }) {
            let mine = WorkerListener(number: listener.number, descriptor: listener.descriptors[index])
            listeners.append(mine)
            if !isAcceptPaused { watch(mine) }
        }
    }

    /// Takes what still waits at a listener, and closes it.
    private mutating func stop(_ listener: WorkerListener) {
        while acceptConnections(listener: listener.number) {}
        if !isAcceptPaused { _ = canary_epoll_remove(epoll, listener.descriptor) }
        close(listener.descriptor)
    }

    // MARK: - Draining

    /// Accepts nothing new, lets go of resting connections, and says so in answers still to come.
    private mutating func startDraining() {
        for listener in listeners { stop(listener) }
        listeners = []
        isDraining = true
        drainDeadline = now &+ shared.configuration.drainTimeout
        retire { _ in true }
    }

    /// Frees everything when the loop has ended.
    mutating func shutDown() {
        while let client = openDownstreams.first { closeClient(client) }
        for endpoint in 0..<pools.count {
            while let upstream = pools[UInt32(endpoint)].pointee.firstIdle { closeUpstream(upstream) }
        }
        while ready.popFirst() != nil {}
        buryClosed()
        if let generation { free(generation) }
        generation = nil
        accessLog.flush()
    }

    // MARK: - Endpoints

    /// Finds an endpoint's address; one whose name is not resolved yet stays without.
    func lookUp(_ endpoint: UInt32, _ pool: UnsafeMutablePointer<EndpointPool>) {
        guard let address = shared.identifiers.endpoint(endpoint) else { return }
        pool.pointee.isKnown = true
        pool.pointee.address = SocketAddress(host: address.host, port: address.port)
        if pool.pointee.address == nil { shared.resolver.resolve(endpoint, address) }
    }

    private mutating func adoptResolutions(_ resolutions: [UInt32: SocketAddress]) {
        for (endpoint, address) in resolutions {
            let pool = pools[endpoint]
            pool.pointee.isKnown = true
            pool.pointee.address = address
        }
    }
}

extension TableGeneration {
    /// What the table knows of one of the proxy's listeners.
    func listener(_ number: Int32) -> ListenerEntry {
        let index = Int(number)
        return index >= 0 && index < listeners.count ? listeners[index] : .unknown
    }
}
