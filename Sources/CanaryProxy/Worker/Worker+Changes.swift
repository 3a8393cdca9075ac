// SPDX-License-Identifier: Apache-2.0

import CanaryRouting
import Synchronization

/// What other threads ask of a worker: a new table, other listeners, an end.
extension Worker {
    /// Takes over what was published since the last look.
    mutating func adoptChanges() {
        let published = shared.publication()
        seenVersion = published.version
        // A worker that drains is through with its listeners, whoever else still looks at them.
        adopt(isDraining ? [] : published.listeners)
        if let table = published.table { adopt(table, published.entries) }
        if upstreams.adopt(published.resolutions, &random) { sweepSoon() }
        if published.isDraining { drain(keepsResting: published.keepsResting) }
        shared.adopted(seenVersion, worker: index)
    }

    private mutating func adopt(_ table: RoutingTable, _ entries: [ListenerEntry]) {
        if tables.adopt(table, entries) { sweepAfterLettingGo() }
        upstreams.callAll()
        counters.setRevision(table.revision)
    }

    // MARK: - Forgetting

    /// Has the loop look, before long, for what no table has any more.
    mutating func sweepSoon() {
        if sweepAt == Registration.never { sweepAt = loop.now &+ Int64(shared.configuration.sweepDelay) }
    }

    /// The same where routes were let go of: the other workers look after this one.
    mutating func sweepAfterLettingGo() {
        hasLetGo = true
        sweepSoon()
    }

    mutating func sweepIfDue() {
        guard loop.now >= sweepAt else { return }
        sweepAt = Registration.never
        if hasLetGo {
            hasLetGo = false
            shared.wakeOthers(than: index)
        }
        endpoints.forget()
        if upstreams.sweep(&loop) { sweepSoon() }
    }

    // MARK: - Listeners

    /// Takes what still waits at listeners that are let go of, and lets their clients go.
    private mutating func adopt(_ open: [OpenListener]) {
        for number in acceptor.numbers where open.index(rising: number, by: { $0.number }) == nil {
            while acceptConnections(listener: number) {}
            acceptor.stop(number, &loop)
            retire { $0.pointee.listener == number }
        }
        let configuration = shared.configuration
        let mine = open.map { listener in
            WorkerListener(
                number: listener.number,
                sockets: listener.sockets[index],
                tls: listener.tls,
                expectsProxyHeader: configuration.expectsProxyHeader(at: listener.spec)
            )
        }
        acceptor.adopt(mine, &loop)
    }

    /// Takes what waits at a listener, as far as the limits allow; `true` when more may wait.
    @discardableResult
    mutating func acceptConnections(listener: Int) -> Bool {
        for _ in 0..<Acceptor.batch {
            guard clients.count < shared.connectionsPerWorker, overload < .acceptingNothing else {
                acceptor.pause(&loop)
                return false
            }
            switch acceptor.accept(from: listener) {
            case .connection(let transport, let peer, let expectsProxyHeader):
                guard let client = clients.adopt(transport, listener: listener, from: peer, &loop) else {
                    continue
                }
                if limits.connectionAge > 0 { client.pointee.endsAt = loop.now &+ drawAge() }
                if expectsProxyHeader { awaitProxyHeader(client) } else { begin(client) }
                settle(Parties(client))
            case .nothing: return false
            case .exhausted:
                acceptor.pause(&loop)
                return false
            }
        }
        return true
    }

    // MARK: - Draining

    /// Accepts nothing new but what waits already, lets go of resting connections, and says so in answers still to come.
    mutating func drain(keepsResting: Bool) {
        guard !isDraining || self.keepsResting && !keepsResting else { return }
        self.keepsResting = keepsResting
        let timeout = shared.configuration.drainTimeout
        restsUntil = keepsResting ? loop.now &+ max(0, timeout - limits.lingerTimeout) : Registration.never
        if !isDraining {
            adopt([])
            drainDeadline = loop.now &+ timeout
        }
        isDraining = true
        retire { _ in true }
    }

    /// Ends what is still under way when the time for draining is over, so that the client can tell.
    mutating func cutOff(_ client: DownstreamPointer) {
        if let session = client.pointee.session { cutOffStreams(session) }
        let isUnread = !client.pointee.outbox.isEmpty
        guard client.pointee.exchange != nil || isUnread else { return closeClient(client) }
        shared.cutOff.add(1, ordering: .relaxed)
        guard let exchange = client.pointee.exchange else { return closeClient(client, resets: true) }
        exchange.pointee.outcome.flag = .durationTimeout
        if client.pointee.phase == .tunnel { closeClient(client, resets: true) } else { breakOff(exchange) }
    }

    /// Frees everything when the loop has ended.
    mutating func shutDown() {
        while let client = clients.open.first { cutOff(client) }
        while let copy = copies.first { abandon(copy) }
        upstreams.closeIdle(&loop)
        closeTrunks()
        _ = upstreams.adopt(nil, &random)
        while loop.ready.popFirst() != nil {}
        buryClosed()
        _ = tables.retire()
        accessLog.flush()
    }
}
