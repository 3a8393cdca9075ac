// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting
import CanarySystem

/// Copies of requests for mirrors: exchanges that no client has. A copy begins when its request has come in full, with a body
/// that was kept meanwhile; whatever becomes of it, its request does not notice.
extension Worker {
    /// Draws whether mirrors get copies of a request that was given its destination.
    mutating func planCopies(of exchange: ExchangePointer, _ route: RouteHandle) {
        // A protocol that was switched to has no copies.
        guard exchange.pointee.request.head.upgrade == nil else { return }
        let draw = random.next()
        let port = exchange.pointee.request.facts.port
        for index in 0..<route.mirrorCount where route.mirror(index, port: port, random: draw) != nil {
            exchange.pointee.copyDraw = draw
        }
    }

    /// Makes the copies that were drawn for a request which has come in full.
    mutating func makeCopies(of exchange: ExchangePointer) {
        guard let draw = exchange.pointee.copyDraw, let route = exchange.pointee.route else { return }
        exchange.pointee.copyDraw = nil
        let port = exchange.pointee.request.facts.port
        for index in 0..<route.mirrorCount {
            guard let mirror = route.mirror(index, port: port, random: draw) else { continue }
            if mirror.isDefined, exchange.pointee.body.canBeSentAgain, copies.count < limits.copies {
                copy(exchange, to: mirror)
            } else {
                counters.countDroppedCopy()
            }
        }
    }

    private mutating func copy(_ exchange: ExchangePointer, to mirror: DestinationHandle) {
        guard let client = exchange.pointee.downstream,
            case .table(let generation) = exchange.pointee.routes
        else { return }
        let head = exchange.pointee.request.head
        let bytes = exchange.pointee.request.bytes
        requestFields.load(exchange.pointee.request.fields)
        var request = KeptRequest(
            head,
            of: bytes,
            requestFields,
            from: client.pointee.peer,
            certificate: exchange.pointee.request.clientCertificate,
            in: &blocks
        )
        if client.isSecure { request.facts.scheme = ByteSlice("https") }
        request.believe(exchange.pointee.request.trust, else: 0)
        request.facts.port = exchange.pointee.request.facts.port
        request.facts.startTime = exchange.pointee.request.facts.startTime
        request.facts.hostName = exchange.pointee.request.facts.hostName
        // Both have the same id, whichever is sent first.
        let id = exchange.pointee.tries.madeID ?? UUID(random: random.next(), random.next())
        exchange.pointee.tries.madeID = id
        let copy = open(request, from: nil, generation)
        copies.insert(copy)
        copy.pointee.route = exchange.pointee.route
        copy.pointee.destination = mirror
        copy.pointee.original = exchange.pointee.destination
        copy.pointee.tries.madeID = id
        copy.pointee.body.keep(
            exchange.pointee.body.keptBytes,
            where: true,
            as: exchange.pointee.body.form,
            limit: limits.replayBytes
        )
        copy.pointee.body.keep(
            trailers: exchange.pointee.body.keptTrailers,
            where: true,
            limit: limits.replayBytes
        )
        copy.pointee.beginCopy(loop.now, limits)
        rearm(copy)
    }
}
