// SPDX-License-Identifier: Apache-2.0

/// Those whose reading may depend on what happens to a connection or an exchange; to be asked for before it happens.
struct Parties {
    var client: DownstreamPointer?
    var upstream: UpstreamPointer?

    init(of entry: SlabPointer<Registration>) {
        switch entry.pointee.kind {
        case .downstream: client = entry.downstream
        case .upstream:
            client = entry.upstream.pointee.exchange?.pointee.downstream
            upstream = entry.upstream
        case .exchange:
            client = entry.exchange.pointee.downstream
            upstream = entry.exchange.pointee.upstream
        }
    }

    init(_ client: DownstreamPointer) { self.client = client }
}

/// Who is read, and when.
extension Worker {
    /// Has the loop go on with whoever has something to be read that is wanted, and lets a client go that rests where none may.
    mutating func settle(_ parties: Parties) {
        if let upstream = parties.upstream, upstream.canGoOn { loop.ready.insert(upstream.registration) }
        guard let client = parties.client, client.pointee.phase != .closed else { return }
        if let stream = client.pointee.transport.stream { wake(stream) }
        if client.canGoOn {
            loop.ready.insert(client.registration)
        } else if mayNotRest(client), client.isResting {
            return clients.closeAfterSending(client, &loop)
        }
        guard let upstream = client.pointee.exchange?.pointee.upstream else { return }
        if upstream.canGoOn { loop.ready.insert(upstream.registration) }
    }

    /// Uses what was received, then receives more, until something has to be waited for or others have their turn.
    mutating func advance(_ client: DownstreamPointer) {
        if client.pointee.phase == .opening { openUp(client) }
        if client.hasUsableInput { useInbox(client) }
        var reads = 0
        while client.pointee.canRead, client.wantsInput, reads < limits.readsInARow {
            reads &+= 1
            receive(client)
        }
        if let session = client.pointee.session { writeFrames(session) }
    }

    /// Reads the upstream until something has to be waited for or others have their turn.
    mutating func advance(_ upstream: UpstreamPointer) {
        var reads = 0
        while upstream.canGoOn, reads < limits.readsInARow {
            reads &+= 1
            receive(upstream)
        }
        if let session = upstream.pointee.session { writeFrames(session) }
    }

    // MARK: - Clients that are to go

    /// Whether a client's connection ends with the next answer, which says so.
    func isLeaving(_ client: DownstreamPointer) -> Bool {
        isDraining || client.pointee.isRetired || overload >= .endingConnections
    }

    /// Whether a client's connection ends without a further answer. It may have its next request on the way already.
    func mayNotRest(_ client: DownstreamPointer) -> Bool {
        (isDraining || client.pointee.isRetired) && !keepsResting
    }

    /// Whether the answer that begins now is the last on a client's connection of HTTP/1.
    func isLast(_ client: DownstreamPointer) -> Bool {
        isLeaving(client) || client.pointee.endsAt <= loop.now
    }

    /// How old a connection is to get: connections that began at once are not to end at once, so that it is a tenth more or less.
    mutating func drawAge() -> Int64 {
        let age = UInt64(limits.connectionAge)
        return Int64(age &- age / 10 &+ random.next() % (age / 5 &+ 1))
    }

    /// A client's connection of HTTP/2 has the age at which it is to end: it is told so, and takes streams until it has heard that.
    mutating func retireAged(_ connection: DownstreamPointer, _ session: HTTP2SessionPointer) {
        connection.pointee.endsAt = Registration.never
        connection.pointee.isRetired = true
        session.pointee.announceEnd()
        writeFrames(session)
    }

    /// Lets clients go in order: what they sent is answered, and who rests is closed.
    mutating func retire(where isMeant: (DownstreamPointer) -> Bool) {
        var next = clients.open.first
        while let client = next {
            next = clients.open.next(after: client)
            guard isMeant(client) else { continue }
            client.pointee.isRetired = true
            client.pointee.session?.pointee.announceEnd()
            // The loop may not have been told yet of a request that has come.
            if client.pointee.phase == .head { client.pointee.canRead = true }
            advance(client)
            settle(Parties(client))
        }
    }
}
