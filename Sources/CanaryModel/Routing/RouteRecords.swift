// SPDX-License-Identifier: Apache-2.0

// The compiled form of a host: plain memory in a RoutingArena. The handles of this folder read it.

/// A host: the routes of its requests in order.
struct VirtualHostRecord: BitwiseCopyable {
    var entries: UnsafeBufferPointer<RouteEntry>
    /// The Service's ports in its order; empty for a host that is no Service.
    var ports: UnsafeBufferPointer<Int32>
    /// The full name.
    var host: ByteSlice
    /// The VirtualServices that the routes come from, in order, each as `namespace/name`; none for a host without.
    var virtualServices: UnsafeBufferPointer<ByteSlice>
}

/// One match block of a route.
struct RouteEntry: BitwiseCopyable {
    /// All must hold; the cheapest first.
    var conditions: UnsafeBufferPointer<MatchCondition>
    /// The Service port that the request must have addressed; 0 is any.
    var port: Int32
    /// The position among the route's match blocks; -1 where it has none.
    var block: Int32 = -1
    /// How many bytes of the path a rewrite replaces; -1 is all of them.
    var matchedPrefix: Int
    var route: UnsafePointer<RouteRecord>
}

struct MatchCondition: BitwiseCopyable {
    /// `path` is without the query, `target` with it, as the header `:path`.
    enum Subject: UInt8, BitwiseCopyable {
        case path, target, method, scheme, authority, header, query
    }

    enum Test: UInt8, BitwiseCopyable {
        case exact, prefix, regex, present
    }

    var subject: Subject
    var test: Test
    var isInverted = false
    var ignoresCase = false
    /// The header or query parameter.
    var name = ByteSlice()
    /// The text to compare with, or the regular expression as it was written.
    var value = ByteSlice()
    var regex: OpaquePointer?
}

struct RouteRecord: BitwiseCopyable {
    var action: RouteAction
    /// The position among the effective routes of its VirtualService.
    var index: Int32
    /// Where requests are counted that no destination gets; ``CounterRegistry/none`` where there are none such.
    var counter = CounterRegistry.none
    /// The VirtualService, a position in the host's list; -1 for a route that comes from none.
    var owner: Int32 = -1
    var timeoutMilliseconds: Int32
    var retry: RetryPolicy
    var fault = FaultPolicy.none
    /// `nil` where the route has no policy.
    var cors: UnsafePointer<CorsRecord>?
    var mirrors = UnsafeBufferPointer<MirrorRecord>(start: nil, count: 0)
    var rewrite: RewriteRecord
    var redirect: RedirectRecord
    var directStatus: Int32
    var directBody: ByteSlice
    var destinations: UnsafeBufferPointer<DestinationRecord>
    var totalWeight: UInt64
    var sticky: HashKeyRecord
    /// Whether the route or a cluster behind it knows users by a cookie that the proxy makes.
    var makesCookies = false
    /// Where no destination was chosen.
    var requestEdits: UnsafeBufferPointer<HeaderEdit>
    var responseEdits: UnsafeBufferPointer<HeaderEdit>
}

struct RewriteRecord: BitwiseCopyable {
    /// Replaces the matched part of the path.
    var uri = ByteSlice()
    var regex: OpaquePointer?
    var substitution = ByteSlice()
}

struct RedirectRecord: BitwiseCopyable {
    var status: Int32 = 0
    var scheme = ByteSlice()
    var authority = ByteSlice()
    var uri = ByteSlice()
    var prefixRewrite = ByteSlice()
    /// 0 is none, -1 the port that the request addressed.
    var port: Int32 = 0

    /// The port to put into the location; 0 for none, and for the default port of the scheme, which Istio leaves out.
    func locationPort(requested: Int32, requestScheme: ByteSlice) -> Int32 {
        let port = port == -1 ? requested : port
        let scheme = scheme.isEmpty ? requestScheme : scheme
        return port == (scheme.count == 5 ? 443 : 80) ? 0 : port
    }
}

struct DestinationRecord: BitwiseCopyable {
    var weight: UInt64
    /// The sticky hash, fed with resolved host and subset already.
    var stickyHash: SipHash24
    /// Empty where rewrite and headers leave the authority alone.
    var authority: ByteSlice
    var counter: UInt32
    /// One for every port that the request may have addressed; a single one with port 0 where that plays no part.
    var clusters: UnsafeBufferPointer<ClusterRecord>
    var requestEdits: UnsafeBufferPointer<HeaderEdit>
    var responseEdits: UnsafeBufferPointer<HeaderEdit>
}

/// The endpoints of a destination at a port, and how to talk to them.
struct ClusterRecord: BitwiseCopyable {
    /// The port that a request must have addressed; 0 is any.
    var port: Int32
    /// The Service's port behind it.
    var number: Int32
    /// The same in every table.
    var id: UInt64 = 0
    var isDefined: Bool
    var balancing: Balancing
    var hashKey: HashKeyRecord
    /// Empty where no hash decides.
    var hashTable = EndpointHashTableRecord()
    var warmUp = WarmUpPolicy.none
    var limits = ConnectionLimits()
    var outliers = OutlierPolicy.none
    /// Empty for a single one, which all endpoints are in.
    var groups = UnsafeBufferPointer<EndpointGroup>(start: nil, count: 0)
    var endpoints: UnsafeBufferPointer<EndpointRecord>
}

/// What identifies a user.
struct HashKeyRecord: BitwiseCopyable {
    enum Source: UInt8, BitwiseCopyable {
        case none, header, cookie, queryParameter, sourceAddress
    }

    var source = Source.none
    var name = ByteSlice()
    /// Of a cookie: where it is valid, and how long one lives that the proxy would set; negative for one that only clients set.
    var path = ByteSlice()
    var ttlMilliseconds: Int64 = -1
    /// Each with the `; ` before it.
    var attributes = ByteSlice()
}

/// A piece of a header value: literal bytes, or a command such as `%REQ(x)%`.
struct TemplateSegment: BitwiseCopyable {
    enum Kind: UInt8, BitwiseCopyable {
        case literal
        case requestHeader, method, path, authority, scheme
        case remoteAddress, remoteAddressWithoutPort, remotePort
        case protocolVersion, responseCode, startTime, hostName, upstreamHost
        /// A request header that earlier changes touched.
        case firstOf
        /// The same, path and authority for an answer's header: as they were sent.
        case sentFirstOf, sentTarget, sentAuthority
    }

    var kind: Kind
    /// The literal, or the header's name.
    var text = ByteSlice()
    /// Used where the header is missing.
    var alternative = ByteSlice()
    /// Cuts the value after so many bytes.
    var limit = Int.max
    /// Of which the first that gives a value counts.
    var choices = UnsafeBufferPointer<TemplateChoice>(start: nil, count: 0)

    /// How long it takes to append at most, in look-ups of a header; copying some bytes counts as one.
    var work: Int { choices.reduce(1 + text.count / 64) { $0 + $1.work } }
}

/// Where the value of a header that was changed may come from.
struct TemplateChoice: BitwiseCopyable {
    /// What the header was set to; an empty value does not count.
    var segments = UnsafeBufferPointer<TemplateSegment>(start: nil, count: 0)
    /// The header as the client sent it; an empty one counts too.
    var header = ByteSlice()
    /// As that of a segment.
    var work = 1
}
