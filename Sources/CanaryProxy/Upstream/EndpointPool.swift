// SPDX-License-Identifier: Apache-2.0

/// An endpoint as a member of a cluster, by their numbers. One that is a member of several has connections, and whatever else
/// a DestinationRule says of it, for each; and where endpoints are told whose connection each is, for each client.
struct ClusterMember: NumberKey, Hashable {
    var cluster: UInt64
    var endpoint: UInt64
    /// The number of the client that its connections are for; 0 for anybody.
    var client: UInt64 = 0

    static var none: ClusterMember { ClusterMember(cluster: .max, endpoint: .max) }
    /// The same for anybody, by which its requests are counted.
    var forAnybody: ClusterMember { ClusterMember(cluster: cluster, endpoint: endpoint) }
    var mixed: UInt64 { (endpoint &+ (cluster ^ client &<< 32) &* 0xD6E8_FEB8_6659_FD93).mixed }
}

/// A worker's connections to one member of a cluster, which has an address.
struct EndpointPool {
    var address: SocketAddress?
    /// No table has the endpoint any more: connections to it are not kept.
    var hasLeft = false
    /// Connections that carry streams, and may carry more.
    private(set) var firstTrunk: UpstreamPointer?
    /// Those that carry what they have to its end, and no more.
    private(set) var firstSpentTrunk: UpstreamPointer?
    private(set) var firstIdle: UpstreamPointer?
    private(set) var idleCount = 0
    /// Requests that this endpoint is working on, for the choice of the least busy.
    var active: UInt32 = 0

    /// Open, or being opened.
    var connections: UInt32 = 0
    /// Who waits for one of them, where their number is limited.
    var waiting = WaitingList()
    /// How many that waited are about to be served: as many connections that rest are theirs.
    var called: UInt32 = 0

    /// Nothing that would be missed if it were forgotten.
    var isUnused: Bool {
        active == 0 && firstIdle == nil && firstTrunk == nil && connections == 0 && waiting.isEmpty
            && called == 0
    }

    /// Puts a connection in front: the one used last is used next, so that the others can grow old and go.
    mutating func push(_ upstream: UpstreamPointer) {
        Self.link(upstream, before: &firstIdle)
        idleCount &+= 1
    }

    mutating func pop() -> UpstreamPointer? {
        guard let upstream = firstIdle else { return nil }
        remove(upstream)
        return upstream
    }

    mutating func push(trunk: UpstreamPointer) {
        trunk.pointee.takesStreams = true
        Self.link(trunk, before: &firstTrunk)
    }

    /// No request takes a stream of a connection any more.
    mutating func spend(trunk: UpstreamPointer) {
        guard trunk.pointee.takesStreams else { return }
        remove(trunk: trunk)
        Self.link(trunk, before: &firstSpentTrunk)
    }

    mutating func remove(trunk: UpstreamPointer) {
        trunk.pointee.takesStreams = false
        if firstTrunk == trunk { firstTrunk = trunk.pointee.nextIdle }
        if firstSpentTrunk == trunk { firstSpentTrunk = trunk.pointee.nextIdle }
        unlink(trunk)
    }

    private static func link(_ upstream: UpstreamPointer, before first: inout UpstreamPointer?) {
        upstream.pointee.previousIdle = nil
        upstream.pointee.nextIdle = first
        first?.pointee.previousIdle = upstream
        first = upstream
    }

    mutating func remove(_ upstream: UpstreamPointer) {
        if firstIdle == upstream { firstIdle = upstream.pointee.nextIdle }
        unlink(upstream)
        idleCount &-= 1
    }

    private func unlink(_ upstream: UpstreamPointer) {
        upstream.pointee.previousIdle?.pointee.nextIdle = upstream.pointee.nextIdle
        upstream.pointee.nextIdle?.pointee.previousIdle = upstream.pointee.previousIdle
        upstream.pointee.nextIdle = nil
        upstream.pointee.previousIdle = nil
    }
}
