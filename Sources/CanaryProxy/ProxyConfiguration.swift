// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
import CanaryResources
import CanarySystem

/// How a ``Proxy`` listens and how patient it is. Durations are in milliseconds.
package struct ProxyConfiguration: Sendable {
    package enum AccessLogFormat: Sendable {
        case off, text, json
    }

    /// Where requests come in, as `host:port` with an IP address or `localhost`; port 0 takes a free one.
    package var listen = ["127.0.0.1:15001"]
    /// Where the read-only admin pages are served; `nil` for nowhere.
    package var admin: String? = "127.0.0.1:15000"
    /// Where the proxy's own Unix socket is made, which also accepts `POST /drain`; `nil` for none.
    package var controlDirectory: String?
    /// The address that listeners of Gateways, NodePorts and LoadBalancers bind.
    package var bindAddress = "127.0.0.1"
    /// The kinds of listeners whose clients are proxies that say in a PROXY header whose connection each is; besides those of
    /// Gateways that ask for it.
    package var proxyHeaderListeners: Set<ListenerSpec.Kind> = []
    /// Threads that serve requests; at least one.
    package var workers = 1
    /// How long in-flight requests may take to finish while draining.
    package var drainTimeout: Int64 = 30_000
    /// What the lines of the access log look like, and what writes them; `nil` for nobody.
    package var accessLog = AccessLogFormat.off
    package var accessLogWriter: LogWriter?
    package var traces = TraceSettings()
    package var limits = ProxyLimits()
    /// Why no other process may take over, in words; `nil` where one may.
    package var refusesHandOver: String?
    /// Bytes of memory near which less is taken on; `nil` for any.
    package var memoryLimit: Int64?
    var memoryUsed: @Sendable () -> Int64 = { ProcessMemory.used }
    /// How long after a change workers look for what no table has any more.
    var sweepDelay = 1000

    package init() {}

    func expectsProxyHeader(at listener: ListenerSpec) -> Bool {
        listener.topology?.expectsProxyHeader == true || proxyHeaderListeners.contains(listener.kind)
    }
}

/// What the proxy accepts from peers before it answers with an error or closes. Durations are in milliseconds.
package struct ProxyLimits: Sendable {
    /// Bytes of a header section, fields of one, and bytes of a request line.
    package var headBytes = 65_536
    package var fields = 100
    package var lineBytes = 32_768
    /// How many proxies in front of a listener are believed, where its Gateway does not say.
    package var trustedProxies = 0
    /// From the first byte of a request to the end of its head; else 408.
    package var headTimeout: Int64 = 30_000
    /// How long a client's connection may rest between requests.
    package var idleTimeout: Int64 = 300_000
    /// How old a client's connection gets before it ends in order; 0 is as old as it likes.
    package var connectionAge = 0
    /// How long a body may stall, in either direction, before the exchange is given up.
    package var stallTimeout: Int64 = 60_000
    /// How long an upstream may take to begin its answer when the route has no timeout; else 504.
    package var responseTimeout: Int64 = 300_000
    /// How long a switched connection (WebSocket) may be silent.
    package var tunnelTimeout: Int64 = 3_600_000
    /// How long a TCP connection may be silent where no DestinationRule says.
    package var tcpTimeout: Int64 = 3_600_000
    /// How long a client that sends no more, but keeps the connection by what its request says, is taken to be still
    /// there without a sign of it; and one that said so in its request.
    var departureTimeout: Int64 = 1000
    var halfCloseTimeout: Int64 = 10_000
    /// After the last answer: how long a client may send nothing before its connection is closed, and how long it may
    /// send what nobody uses.
    var lingerTimeout: Int64 = 1000
    var lingerLimit: Int64 = 30_000
    /// How often a connection is read before others have their turn.
    var readsInARow = 16
    /// Client connections over all workers; more wait in the kernel's queue.
    package var connections = 16_384
    /// Copies for mirrors that a worker has under way; others are dropped.
    var copies = 1024
    /// How long a copy may take on a route without timeout.
    var copyTimeout: Int64 = 15_000
    /// Bytes of a request's body that are kept so that it can be sent again, or to a mirror.
    package var replayBytes = 65_536

    package init() {}
}
