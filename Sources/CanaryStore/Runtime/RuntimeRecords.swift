// SPDX-License-Identifier: Apache-2.0

/// A proxy as it reports about itself.
package struct ProxyRecord: Hashable, Sendable {
    /// Unique among all proxies that ever ran on the store.
    package var id: String
    package var process: ProcessIdentity
    /// Milliseconds since 1970, UTC.
    package var startedAt: Int64
    /// The version of canaryctl that runs.
    package var version: String
    /// The address of the admin interface, `127.0.0.1:15000`.
    package var admin: String?
    /// The addresses that traffic is accepted on.
    package var listeners: [String]
    /// The store's revision that the proxy serves; 0 before its first table.
    package var appliedRevision: Int64
    /// When it last reported: milliseconds since 1970, UTC. ``RuntimeStore/report(_:adding:)`` sets it.
    package var heartbeat: Int64

    package init(
        id: String,
        process: ProcessIdentity,
        startedAt: Int64,
        version: String,
        admin: String?,
        listeners: [String],
        appliedRevision: Int64 = 0,
        heartbeat: Int64 = 0
    ) {
        self.id = id
        self.process = process
        self.startedAt = startedAt
        self.version = version
        self.admin = admin
        self.listeners = listeners
        self.appliedRevision = appliedRevision
        self.heartbeat = heartbeat
    }
}

/// Requests that were assigned to one destination of a route.
package struct TrafficCount: Hashable, Sendable {
    package var host: String
    /// Which route of the host.
    package var route: String
    /// The revision that last changed the route.
    package var since: Int64
    package var destination: String
    package var requests: Int64
    /// Those of `requests` that were answered with a 5xx status.
    package var errors: Int64

    package init(
        host: String,
        route: String,
        since: Int64,
        destination: String,
        requests: Int64,
        errors: Int64
    ) {
        self.host = host
        self.route = route
        self.since = since
        self.destination = destination
        self.requests = requests
        self.errors = errors
    }
}
