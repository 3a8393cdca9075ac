// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryRouting
import Glibc
import Synchronization

/// What other threads ask of a worker: a new table, other listeners, an end.
extension Worker {
    /// Takes over what was published since the last look.
    mutating func adoptChanges() {
        let published = shared.publication()
        seenVersion = published.version
        adopt(published.listeners)
        if let table = published.table { adopt(table, published.entries) }
        adopt(published.resolutions)
        if published.isDraining, !isDraining { startDraining() }
        shared.adopted(seenVersion, worker: index)
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
    mutating func free(_ generation: UnsafeMutablePointer<TableGeneration>) {
        generation.pointee.table.release()
        generation.pointee.listeners.deallocate()
        generation.deallocate()
        sweepSoon()
    }

    // MARK: - Listeners

    private mutating func adopt(_ open: [OpenListener]) {
        for listener in listeners where open.index(rising: listener.number, by: { $0.number }) == nil {
            stop(listener)
            retire { $0.pointee.listener == listener.number }
        }
        listeners = open.map { WorkerListener(number: $0.number, socket: $0.sockets[index]) }
        guard !isAcceptPaused else { return }
        let last = lastListener
        for listener in listeners where listener.number > last { watch(listener) }
        lastListener = max(last, listeners.last?.number ?? -1)
    }

    /// Takes what still waits at a listener, before it is let go of.
    private mutating func stop(_ listener: WorkerListener) {
        while acceptConnections(listener: listener.number) {}
        if !isAcceptPaused { _ = canary_epoll_remove(epoll, listener.descriptor) }
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

    /// Ends what is still under way when the time for draining is over, so that the client can tell.
    private mutating func cutOff(_ client: DownstreamPointer) {
        let isUnread = !client.pointee.outbox.isEmpty
        guard client.pointee.exchange != nil || isUnread else { return closeClient(client) }
        shared.cutOff.add(1, ordering: .relaxed)
        guard let exchange = client.pointee.exchange else { return closeClient(client, resets: true) }
        exchange.pointee.flag = .durationTimeout
        if client.pointee.phase == .tunnel { closeClient(client, resets: true) } else { breakOff(exchange) }
    }

    /// Frees everything when the loop has ended.
    mutating func shutDown() {
        while let client = openDownstreams.first { cutOff(client) }
        for endpoint in pools.numbers { closeIdle(endpoint) }
        adopt(nil)
        while ready.popFirst() != nil {}
        buryClosed()
        if let generation { free(generation) }
        generation = nil
        accessLog.flush()
    }
}

extension TableGeneration {
    /// What the table knows of one of the proxy's listeners.
    func listener(_ number: Int) -> ListenerEntry {
        let index = listeners.index(rising: number) { $0.number }
        return index.map { listeners[$0] } ?? .unknown(number)
    }
}
