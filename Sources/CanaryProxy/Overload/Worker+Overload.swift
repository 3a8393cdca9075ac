// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What a worker does about memory that runs short, besides what it leaves off.
extension Worker {
    private static let letGoEvery: Int64 = 1000

    /// Goes by the level that is in force. Where requests are refused, those who ask nothing are let go now and then, with the
    /// connections that rest for them: else they would keep everybody out for as long as they may rest.
    mutating func adoptOverload() {
        overload = OverloadLevel(rawValue: shared.overload.load(ordering: .relaxed)) ?? .none
        guard overload >= .refusingRequests, loop.now >= letsGoAt else { return }
        letsGoAt = loop.now &+ Self.letGoEvery
        var next = clients.open.first
        while let client = next {
            next = clients.open.next(after: client)
            if let session = client.pointee.session {
                guard session.pointee.intake.pointee.streams.count == 0 else { continue }
                session.pointee.end()
                writeFrames(session)
            } else if client.isResting {
                clients.closeAfterSending(client, &loop)
            }
        }
        upstreams.closeIdle(&loop)
    }
}
