// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

/// The route that a request takes; valid while its ``RoutingTable`` is kept.
package struct RouteHandle: BitwiseCopyable {
    package let entry: Borrowed<RouteEntry>

    @inline(__always)
    package var record: Borrowed<RouteRecord> { entry.pointee.route }

    package var action: RouteAction { record.pointee.action }

    /// The position among the effective routes of its VirtualService (delegates merged in).
    package var index: Int { Int(record.pointee.index) }

    /// Where requests are counted that the proxy answers by itself.
    package var counter: UInt32 { record.pointee.counter }

    /// Covers all tries and starts when the request has been received in full; 0 is none.
    package var timeoutMilliseconds: Int32 { record.pointee.timeoutMilliseconds }

    package var retry: RetryPolicy { record.pointee.retry }

    /// 301 unless given.
    package var redirectStatus: Int32 { record.pointee.redirect.status }

    package var directStatus: Int32 { record.pointee.directStatus }

    /// Missing or empty: no body, no content type.
    package var directBody: ByteSlice { record.pointee.directBody }

    /// Chooses where a forwarded request goes: by an independent draw according to the weights, or, where the traffic
    /// is sticky and the request has the key, by the user.
    ///
    /// `random` must be uniform over all 64-bit values. `nil` for other actions, and for a route whose weights are all zero.
    /// - Parameter user: becomes the hash of the user, where that decided.
    package func destination(for facts: RequestFacts, random: UInt64, user: inout UInt64?)
        -> DestinationHandle?
    {
        let route = record
        let destinations = route.pointee.destinations
        if destinations.count == 1 { return DestinationHandle(destinations.pointer(0), port: facts.port) }
        guard !destinations.isEmpty, route.pointee.totalWeight > 0 else { return nil }
        let key = route.pointee.stickiness.map { facts.userKey($0.pointee) } ?? ByteSlice()
        let index =
            key.isEmpty
            ? WeightedChoice.draw(destinations, total: route.pointee.totalWeight, random: random)
            : WeightedChoice.sticky(destinations, key: key, user: &user)
        return DestinationHandle(destinations.pointer(index), port: facts.port)
    }

    package func destination(for facts: RequestFacts, random: UInt64) -> DestinationHandle? {
        var user: UInt64?
        return destination(for: facts, random: random, user: &user)
    }

    /// Which users of sticky traffic were counted; `nil` where each request is drawn for itself.
    package var users: CountedUsers? { record.pointee.users?.pointee }

    /// The request's header changes, in the order in which they apply.
    package func requestHeaderEdits(_ destination: DestinationHandle?) -> BorrowedList<HeaderEdit> {
        destination?.record.pointee.requestEdits ?? record.pointee.requestEdits
    }

    /// The header changes of every answer on this route, the proxy's own included.
    package func responseHeaderEdits(_ destination: DestinationHandle?) -> BorrowedList<HeaderEdit> {
        destination?.record.pointee.responseEdits ?? record.pointee.responseEdits
    }
}
