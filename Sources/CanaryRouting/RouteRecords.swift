// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh
package import CanaryResources

// The compiled form of a host: plain memory in a RoutingArena. The handles of this folder read it.

/// A host: the routes of its requests in order.
///
/// `@safe`: the arena that a record lies in is there as long as the record is.
@safe package struct VirtualHostRecord: BitwiseCopyable {
    package var entries: BorrowedList<RouteEntry>
    /// The Service's ports in its order; empty for a host that is no Service.
    package var ports: BorrowedList<Int32>
    /// The full name.
    package var host: ByteSlice
    /// The VirtualServices that the routes come from, in order, each as `namespace/name`; none for a host without.
    package var virtualServices: BorrowedList<ByteSlice>
    /// The ports that do not speak HTTP.
    var opaquePorts = BorrowedList<OpaquePortRecord>()
    /// What all of it lies in.
    var arena: Unmanaged<RoutingArena>
}

/// One match block of a route.
package struct RouteEntry: BitwiseCopyable {
    /// All must hold; the cheapest first.
    package var conditions: BorrowedList<MatchCondition>
    /// The Service port that the request must have addressed; 0 is any.
    package var port: Int32
    /// The position among the route's match blocks; -1 where it has none.
    package var block: Int32 = -1
    /// How many bytes of the path a rewrite replaces; -1 is all of them.
    package var matchedPrefix: Int
    package var route: Borrowed<RouteRecord>
}

/// `@safe`: the arena of the record keeps the compiled expression.
@safe package struct MatchCondition: BitwiseCopyable {
    /// `path` is without the query, `target` with it, as the header `:path`.
    package enum Subject: UInt8, BitwiseCopyable {
        case path, target, method, scheme, authority, header, query
    }

    package enum Test: UInt8, BitwiseCopyable {
        case exact, prefix, regex, present
    }

    package var subject: Subject
    package var test: Test
    package var isInverted = false
    package var ignoresCase = false
    /// The header or query parameter.
    package var name = ByteSlice()
    /// The text to compare with, or the regular expression as it was written.
    package var value = ByteSlice()
    package var regex: OpaquePointer?
}

package struct RouteRecord: BitwiseCopyable {
    package var action: RouteAction
    /// The position among the effective routes of its VirtualService.
    package var index: Int32
    /// Where requests are counted that no destination gets; ``CounterRegistry/none`` where there are none such.
    package var counter = CounterRegistry.none
    /// The VirtualService, a position in the host's list; -1 for a route that comes from none.
    package var owner: Int32 = -1
    package var timeoutMilliseconds: Int32
    package var retry: RetryPolicy
    /// What happens to requests besides what ``action`` says; `nil` for nothing, as on most routes.
    var interventions: Borrowed<InterventionRecord>?
    /// `nil` where paths go upstream as they came.
    var rewriting: Borrowed<RewriteRecord>?
    /// `nil` where requests are forwarded.
    var ownAnswer: Borrowed<OwnAnswerRecord>?
    package var destinations: BorrowedList<DestinationRecord>
    package var totalWeight: UInt64
    /// `nil` where each request is drawn for itself.
    var stickiness: Borrowed<HashKeyRecord>?
    /// Which users were counted, where the traffic is sticky.
    package var users: Borrowed<CountedUsers>?
    /// Whether the route or a cluster behind it knows users by a cookie that the proxy makes.
    package var makesCookies = false
    /// Where no destination was chosen.
    package var requestEdits: BorrowedList<HeaderEdit>
    package var responseEdits: BorrowedList<HeaderEdit>
}

extension RouteRecord {
    package var rewrite: RewriteRecord { rewriting?.pointee ?? RewriteRecord() }
    package var redirect: RedirectRecord { ownAnswer?.pointee.redirect ?? RedirectRecord() }
    package var directStatus: Int32 { ownAnswer?.pointee.status ?? 0 }
    package var directBody: ByteSlice { ownAnswer?.pointee.body ?? ByteSlice() }
    package var sticky: HashKeyRecord { stickiness?.pointee ?? HashKeyRecord() }

    /// Whether a fault or a preflight may have requests answered that would be forwarded.
    var mayAnswerItself: Bool {
        interventions.map { !$0.pointee.fault.isNone || $0.pointee.cors != nil } ?? false
    }
}

/// What a route answers that forwards nothing: a redirect, or a status with a body.
struct OwnAnswerRecord: BitwiseCopyable {
    var redirect = RedirectRecord()
    var status: Int32 = 0
    var body = ByteSlice()
}

struct InterventionRecord: BitwiseCopyable {
    var fault = FaultPolicy.none
    /// `nil` where the route has no policy.
    var cors: Borrowed<CorsRecord>?
    var mirrors = BorrowedList<MirrorRecord>()
}

/// `@safe`: the arena of the record keeps the compiled expression.
@safe package struct RewriteRecord: BitwiseCopyable {
    /// Replaces the matched part of the path.
    package var uri = ByteSlice()
    package var regex: OpaquePointer?
    package var substitution = ByteSlice()
}

package struct RedirectRecord: BitwiseCopyable {
    package var status: Int32 = 0
    package var scheme = ByteSlice()
    package var authority = ByteSlice()
    package var uri = ByteSlice()
    package var prefixRewrite = ByteSlice()
    /// 0 is none, -1 the port that the request addressed.
    package var port: Int32 = 0

    /// The port to put into the location; 0 for none, and for the default port of the scheme, which Istio leaves out.
    package func locationPort(requested: Int32, requestScheme: ByteSlice) -> Int32 {
        let port = port == -1 ? requested : port
        let scheme = scheme.isEmpty ? requestScheme : scheme
        return port == (scheme.count == 5 ? 443 : 80) ? 0 : port
    }
}

package struct DestinationRecord: BitwiseCopyable {
    package var weight: UInt64
    /// The sticky hash, fed with resolved host and subset already; `nil` where no version is sticky.
    package var stickyHash: Borrowed<SipHash24>?
    /// Empty where rewrite and headers leave the authority alone.
    package var authority: ByteSlice
    package var counter: UInt32
    /// One for every port that the request may have addressed; a single one with port 0 where that plays no part.
    package var clusters: BorrowedList<ClusterRecord>
    package var requestEdits: BorrowedList<HeaderEdit>
    package var responseEdits: BorrowedList<HeaderEdit>
}

/// What is spoken to endpoints.
package enum UpstreamProtocol: UInt8, BitwiseCopyable, Sendable {
    case http1, http2
    /// What the client speaks.
    case clients
}

/// The endpoints of a destination at a port, and how to talk to them.
package struct ClusterRecord: BitwiseCopyable {
    /// The port that a request must have addressed; 0 is any.
    package var port: Int32
    /// The Service's port behind it.
    package var number: Int32
    /// The same in every table.
    package var id: UInt64 = 0
    package var isDefined: Bool
    package var upstreamProtocol = UpstreamProtocol.http1
    package var balancing: EndpointBalancing
    /// `nil` where no hash decides.
    var hashing: Borrowed<HashKeyRecord>?
    /// `nil` where no DestinationRule says anything.
    var policy: Borrowed<ClusterPolicyRecord>?
    /// Empty for a single one, which all endpoints are in.
    package var groups = BorrowedList<EndpointGroup>()
    package var endpoints: BorrowedList<EndpointRecord>
    /// Tells these endpoints, with their weights, groups and balancing, from others that the cluster may have in another
    /// table: a hash of all that.
    package private(set) var membership: UInt64 = 0
    /// Whether any endpoint is as good as any other.
    package private(set) var isUniform = true
}

extension ClusterRecord {
    /// To be called once endpoints, groups and policy are there.
    mutating func characterize() {
        isUniform =
            unsafe groups.isEmpty && policy?.pointee.health == nil && EndpointChoice.haveOneWeight(endpoints)
        var hash = balancing.rawValue.mixed
        if let policy, unsafe policy.pointee.health != nil {
            let warmUp = policy.pointee.warmUp
            hash = (hash ^ UInt64(policy.pointee.outliers.minHealthPercent)).mixed
            hash = (hash ^ UInt64(bitPattern: warmUp.milliseconds)).mixed
            hash = (hash ^ warmUp.leastFactor.bitPattern ^ warmUp.aggression.bitPattern << 1).mixed
        }
        for endpoint in endpoints { hash = (hash ^ endpoint.id &+ UInt64(endpoint.weight) << 40).mixed }
        for group in groups {
            hash = (hash ^ UInt64(UInt32(bitPattern: group.priority)) &+ UInt64(group.weight) << 32).mixed
            hash = (hash ^ UInt64(UInt32(bitPattern: group.count))).mixed
        }
        membership = hash
    }
}

extension ClusterRecord {
    package var hashKey: HashKeyRecord { hashing?.pointee ?? HashKeyRecord() }
    package var limits: ConnectionLimits { policy?.pointee.limits ?? ConnectionLimits() }
    package var outliers: OutlierPolicy { policy?.pointee.outliers ?? .none }
    /// In what form endpoints are told whose connection each is; `nil` where they are not.
    package var proxyProtocol: ProxyProtocolVersion? { policy?.pointee.proxyProtocol }
    /// How TLS is spoken to the endpoints; `nil` where it is not.
    package var upstreamTLS: UpstreamTLS? {
        // The arena of the record retains it.
        unsafe policy?.pointee.tls?.takeUnretainedValue()
    }
    package var warmUp: WarmUpPolicy { policy?.pointee.warmUp ?? .none }
}

/// What a DestinationRule says of a cluster besides how it balances. Few clusters have one.
///
/// `@safe`: the arena of the record keeps what it is not retained by.
@safe struct ClusterPolicyRecord: BitwiseCopyable {
    /// Empty where no hash decides.
    var hashTable = EndpointHashTableRecord()
    var warmUp = WarmUpPolicy.none
    var limits = ConnectionLimits()
    var outliers = OutlierPolicy.none
    /// What workers share of the cluster, where there are limits over all of them.
    var shared: Unmanaged<SharedCluster>?
    /// How TLS is spoken to the endpoints, if it is.
    var tls: Unmanaged<UpstreamTLS>?
    /// In what form endpoints are told whose connection each is, if they are.
    var proxyProtocol: ProxyProtocolVersion?
    /// Where endpoints are ejected or warm up.
    var health: Unmanaged<ClusterHealth>?
}

/// What identifies a user.
package struct HashKeyRecord: BitwiseCopyable {
    package enum Source: UInt8, BitwiseCopyable {
        case none, header, cookie, queryParameter, sourceAddress
    }

    package var source = Source.none
    package var name = ByteSlice()
    /// Of a cookie: where it is valid, and how long one lives that the proxy would set; negative for one that only clients set.
    package var path = ByteSlice()
    package var ttlMilliseconds: Int64 = -1
    /// Each with the `; ` before it.
    package var attributes = ByteSlice()
}

/// A piece of a header value: literal bytes, or a command such as `%REQ(x)%`.
package struct TemplateSegment: BitwiseCopyable {
    package enum Kind: UInt8, BitwiseCopyable {
        case literal
        case requestHeader, method, path, authority, scheme
        case remoteAddress, remoteAddressWithoutPort, remotePort
        case protocolVersion, responseCode, startTime, hostName, upstreamHost
        /// A request header that earlier changes touched.
        case firstOf
        /// The same, path and authority for an answer's header: as they were sent.
        case sentFirstOf, sentTarget, sentAuthority
    }

    package var kind: Kind
    /// The literal, or the header's name.
    package var text = ByteSlice()
    /// Used where the header is missing.
    package var alternative = ByteSlice()
    /// Cuts the value after so many bytes.
    package var limit = Int.max
    /// Of which the first that gives a value counts.
    package var choices = BorrowedList<TemplateChoice>()

    /// How long it takes to append at most, in look-ups of a header; copying some bytes counts as one.
    package var work: Int { choices.reduce(1 + text.count / 64) { $0 + $1.work } }
}

/// Where the value of a header that was changed may come from.
package struct TemplateChoice: BitwiseCopyable {
    /// What the header was set to; an empty value does not count.
    package var segments = BorrowedList<TemplateSegment>()
    /// The header as the client sent it; an empty one counts too.
    package var header = ByteSlice()
    /// As that of a segment.
    package var work = 1
}
