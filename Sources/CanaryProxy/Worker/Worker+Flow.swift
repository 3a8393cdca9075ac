// SPDX-License-Identifier: Apache-2.0

/// Who is read, and when: one rule for clients and upstreams.
///
/// An edge comes once, so a side that stopped being read, for whatever reason, has to be read again when the reason is
/// gone. Nobody who lifts a reason has to think of it: whatever happened to a connection, the loop calls ``settle(_:)``
/// afterwards, which looks at the client and at the upstream that works for it.
extension Worker {
    /// The client whose exchange a connection takes part in; to be asked before anything happens to that connection.
    func client(of entry: UnsafeMutablePointer<Registration>) -> DownstreamPointer? {
        switch entry.pointee.kind {
        case .downstream: entry.downstream
        case .upstream: entry.upstream.pointee.exchange?.pointee.downstream
        }
    }

    /// Has the loop go on with whichever side has something to be read that is wanted, and lets a client go that rests where
    /// none may.
    mutating func settle(_ client: DownstreamPointer?) {
        guard let client, client.pointee.phase != .closed else { return }
        if canGoOn(client) {
            ready.insert(client.registration)
        } else if isLeaving(client), isResting(client) {
            return closeAfterSending(client)
        }
        guard let upstream = client.pointee.exchange?.pointee.upstream else { return }
        if upstream.pointee.canRead, wantsInput(upstream) { ready.insert(upstream.registration) }
    }

    // MARK: - Clients

    /// Uses what was received, then receives more, until something has to be waited for or others have their turn.
    mutating func advance(_ client: DownstreamPointer) {
        if hasUsableInput(client) { useInbox(client) }
        var reads = 0
        while client.pointee.canRead, wantsInput(client), reads < limits.readsInARow {
            reads &+= 1
            receive(client)
        }
    }

    private func canGoOn(_ client: DownstreamPointer) -> Bool {
        client.pointee.canRead && wantsInput(client) || hasUsableInput(client)
    }

    private func hasUsableInput(_ client: DownstreamPointer) -> Bool {
        !client.pointee.inbox.isEmpty && !client.pointee.needsMore && wantsInput(client)
    }

    func wantsInput(_ client: DownstreamPointer) -> Bool {
        guard !client.pointee.hasEnded else { return false }
        return switch client.pointee.phase {
        case .head: client.pointee.outbox.isEmpty
        case .exchange: canForwardBody(client)
        case .tunnel: client.pointee.exchange?.pointee.upstream?.pointee.outbox.isEmpty ?? false
        case .lingering: true
        case .closed: false
        }
    }

    // MARK: - Clients that are to go

    /// Whether a client's connection ends with the request that it is at.
    func isLeaving(_ client: DownstreamPointer) -> Bool { isDraining || client.pointee.isRetired }

    /// Between two requests, with everything said on both sides.
    private func isResting(_ client: DownstreamPointer) -> Bool {
        client.pointee.phase == .head && client.pointee.inbox.isEmpty && client.pointee.outbox.isEmpty
    }

    /// Lets clients go in order: what they sent is answered, and who rests is closed.
    mutating func retire(where isMeant: (DownstreamPointer) -> Bool) {
        var next = openDownstreams.first
        while let client = next {
            next = openDownstreams.next(after: client)
            guard isMeant(client) else { continue }
            client.pointee.isRetired = true
            advance(client)
            settle(client)
        }
    }

    // MARK: - Upstreams

    /// Reads the upstream until something has to be waited for or others have their turn.
    mutating func advance(_ upstream: UpstreamPointer) {
        var reads = 0
        while upstream.pointee.canRead, wantsInput(upstream), reads < limits.readsInARow {
            reads &+= 1
            receive(upstream)
        }
    }

    func wantsInput(_ upstream: UpstreamPointer) -> Bool {
        guard let exchange = upstream.pointee.exchange else { return false }
        return switch upstream.pointee.phase {
        case .active: exchange.pointee.downstream.pointee.outbox.isEmpty
        case .tunnel: exchange.pointee.downstream.pointee.outbox.isEmpty && !upstream.pointee.hasEnded
        case .connecting, .idle, .closed: false
        }
    }
}
