// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting
import CanarySystem

typealias ExchangePointer = SlabPointer<Exchange>

/// One request and its answer, from the end of the request's head to the end of the answer, whatever protocols they come in; or
/// a TCP connection that is passed on as it is.
struct Exchange: Registered, ~Copyable {
    /// How far the present try has come.
    enum Stage: UInt8, Comparable {
        /// A fault of its route holds it back: what the route does is still to be done.
        case delayed
        /// Nothing is under way: it was not tried yet, or waits for its next try.
        case waiting
        /// A connection is being opened.
        case connecting
        /// The request's head went out; nothing of the answer came.
        case sent
        /// The answer's head was passed on: nothing can be taken back.
        case answering
        /// Both sides switched protocols, or never spoke one that the proxy reads; bytes pass untouched.
        case switched

        static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
    }

    /// Must stay the first field: see ``Registration``.
    var registration = Registration(.exchange)
    /// Whose request it is; `nil` where nobody waits for the answer, which is thrown away.
    let downstream: DownstreamPointer?
    /// A TCP connection: there is no request, and nobody to answer.
    let isConnection: Bool
    /// The connection of the present try.
    var upstream: UpstreamPointer?
    /// Keeps host, route and destination.
    var routes: RoutesKeeper
    var host: VirtualHostHandle?
    var route: RouteHandle?
    var destination: DestinationHandle?
    /// Where the request was sent that this one is a copy of; `nil` for a request of its own.
    var original: DestinationHandle?
    /// By which copies are made for mirrors, once the request has come in full; `nil` for none.
    var copyDraw: UInt64?
    var request: KeptRequest
    var body: RequestBody
    var stage = Stage.waiting
    /// What of it counts for the limits of its cluster, and how it stands in line for a connection.
    var claims: Claims = []
    var place = PlaceInLine()
    var tries = Tries()
    var deadlines = Deadlines()
    var outcome: Outcome

    init(
        from downstream: DownstreamPointer?,
        _ request: KeptRequest,
        _ generation: TableGenerations.Generation,
        isConnection: Bool = false,
        startedAt: UInt64
    ) {
        self.downstream = downstream
        self.isConnection = isConnection
        self.request = request
        routes = .table(generation)
        body = RequestBody(isComplete: request.head.framing == .none)
        outcome = Outcome(startedAt: startedAt)
    }

    var hasAnswerBegun: Bool { stage >= .answering }

    /// Whether it takes a stream of HTTP/2 to its destination. A switch of protocols is one of HTTP/1.1.
    func usesStream(of destination: DestinationHandle) -> Bool {
        guard !isConnection, request.head.upgrade == nil else { return false }
        return switch destination.upstreamProtocol {
        case .http1: false
        case .http2: true
        case .clients: request.head.isHTTP2
        }
    }

    /// The rest of the body comes unasked and at once, and is short: clients are at a loss with an answer that comes before it (curl 7.88
    /// drops one over HTTP/2, as the reset behind it looks like a failure).
    var hasShortRestOfBody: Bool {
        guard !body.isComplete, !request.head.expectsContinue, case .length(let count) = request.head.framing
        else { return false }
        return count <= 65_535
    }

    /// It goes to a mirror: nobody waits for its answer.
    var isCopy: Bool { original != nil }

    /// The header changes that a trailer of the request, or of the answer, could undo.
    var requestEdits: BorrowedList<HeaderEdit> {
        route?.requestHeaderEdits(original ?? destination) ?? .none
    }
    var responseEdits: BorrowedList<HeaderEdit> { route?.responseHeaderEdits(destination) ?? .none }
}

/// What was tried for a request.
struct Tries {
    /// Retries by the route's policy.
    var retries: Int32 = 0
    /// A pooled connection that turned out to be closed was replaced, which is no retry.
    var hasReplacedStale = false
    /// The present try is the one in its place: what else rests may be as old.
    var isReplacing = false
    var lastEndpoint: UInt64?
    /// How many 1xx there were, of all tries.
    var interimHeads = 0
    /// Where tries failed that were followed by another.
    var failed = TriedEndpoints()
    /// The priorities of those, where they count.
    var priorities = TriedPriorities()
    /// The request's id where the client sent none, once it went out: the same for each try.
    var madeID: UUID?
    /// The trace that it begins, where that is wanted.
    var trace: TraceContext?
}

/// The user of a request of sticky traffic, of which one draw decides about all requests.
struct DrawnUser {
    /// `nil` for a request that lacks the key: it is drawn for itself.
    let hash: UInt64?
    /// Whether no request of the user was counted before.
    var isFirst = false

    init(_ hash: UInt64?) { self.hash = hash }
}

/// What a request came to, for counters and logs.
struct Outcome {
    var status: Int32 = 0
    /// What an answer says to a gRPC client in its head or its trailers; -1 where it says nothing.
    var grpcStatus: Int32 = -1
    /// Why the answer is what it is.
    var flag = ResponseFlag.none
    /// A fault held the request back.
    var isDelayed = false
    /// It was tried as often as it may be, and would have been tried again.
    var hasUsedUpRetries = false
    /// Where the request is counted, once it was assigned.
    var counter: UInt32?
    /// Whose it is, where the traffic is sticky.
    var user: DrawnUser?
    /// Nanoseconds of the loop's clock.
    let startedAt: UInt64
    /// When protocols were switched, which is all of an answer that the proxy sees.
    var switchedAt: UInt64?
    var bytesReceived: UInt64 = 0
    var bytesSent: UInt64 = 0

    init(startedAt: UInt64) { self.startedAt = startedAt }

    var flags: ResponseFlags {
        ResponseFlags(flag, isDelayed: isDelayed, hasUsedUpRetries: hasUsedUpRetries)
    }
}

/// How much of a request's body was received, and all of that while the request may have to be sent again.
struct RequestBody: ~Copyable {
    var isComplete: Bool
    /// It can be sent from its beginning: all that was received is kept.
    private(set) var canBeSentAgain = true
    private var kept = ByteQueue()
    private var trailers = ByteQueue()
    /// The form of what is kept.
    private(set) var form = BodyForm.chunks

    init(isComplete: Bool) { self.isComplete = isComplete }

    /// What was received before, as it goes on.
    var keptBytes: ByteSlice { kept.bytes }

    /// Keeps what was received, as long as that makes sense and takes no more than `limit` bytes.
    mutating func keep(_ bytes: ByteSlice, where isWanted: Bool, as form: BodyForm, limit: Int) {
        self.form = form
        guard canBeSentAgain, bytes.count > 0 else { return }
        guard isWanted, kept.count &+ bytes.count <= limit else { return forget() }
        kept.append(bytes)
    }

    /// The lines of the trailers, of a body that is kept whole; in chunks they stand where the body ends.
    var keptTrailers: ByteSlice { trailers.bytes }

    /// Keeps the lines of the trailers, under the same conditions.
    mutating func keep(trailers lines: ByteSlice, where isWanted: Bool, limit: Int) {
        guard canBeSentAgain, !lines.isEmpty else { return }
        guard isWanted, kept.count &+ lines.count <= limit else { return forget() }
        trailers.append(lines)
    }

    var keptCount: Int { kept.count }

    /// It will not be sent again.
    mutating func forget() {
        canBeSentAgain = false
        kept.release()
        trailers.release()
    }
}
