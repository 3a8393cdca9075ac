// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting

typealias ExchangePointer = UnsafeMutablePointer<Exchange>

/// One request and its answer, from the end of the request's head to the end of the answer.
struct Exchange: ~Copyable {
    /// How the response's body is put on the client's connection.
    enum Reframing: UInt8 {
        /// As it comes.
        case none
        /// The upstream ends by closing; an HTTP/1.1 client gets chunks.
        case toChunks
        /// An HTTP/1.0 client gets the data of the chunks, and a close.
        case fromChunks
    }

    let downstream: DownstreamPointer
    var upstream: UpstreamPointer?
    let generation: UnsafeMutablePointer<TableGeneration>
    var route: RouteHandle?
    var destination: DestinationHandle?

    var kept: KeptRequest
    var requestBody: BodyReader
    var isRequestComplete: Bool
    /// The upstream takes no more of the body; the rest is thrown away while its answer passes.
    var discardsBody = false
    /// The request's body so far, while it can still be sent again.
    var replay = ByteQueue()
    var canReplay = true

    var response = ResponseHead()
    var responseBody = BodyReader(.none)
    var reframing = Reframing.none
    var hasResponseBegun = false
    /// The request's head went out on the present upstream.
    var isHeadSent = false
    var keepsDownstream: Bool

    /// Retries by the route's policy, and whether a stale pooled connection was replaced.
    var retries: Int32 = 0
    var hasReplacedStale = false
    var lastEndpoint: UInt64?
    /// The request's id where the client sent none, once it went out.
    var madeID: RequestID?

    var status: Int32 = 0
    var flag = ResponseFlag.none
    /// Where the request is counted, once it was assigned.
    var counter: UInt32?
    var startedAt: UInt64
    /// When protocols were switched, which is all of an answer that the proxy sees.
    var switchedAt: UInt64?
    var bytesReceived: UInt64 = 0
    var bytesSent: UInt64 = 0

    /// Milliseconds of the loop's clock, or `Registration.never`.
    var routeDeadline = Registration.never
    var tryDeadline = Registration.never
    var stallDeadline = Registration.never
    var retryAt = Registration.never
    /// Until when it waits for the first address of a name.
    var addressDeadline = Registration.never
    /// The client ended its side: when to take it for gone unless something was sent to it since.
    var departureDeadline = Registration.never
    /// What had been sent when that time began.
    var sentBeforeDeparture: UInt64 = 0

    init(
        downstream: DownstreamPointer,
        generation: UnsafeMutablePointer<TableGeneration>,
        kept: KeptRequest,
        startedAt: UInt64
    ) {
        self.downstream = downstream
        self.generation = generation
        self.kept = kept
        self.startedAt = startedAt
        requestBody = BodyReader(kept.head.framing)
        isRequestComplete = kept.head.framing == .none
        keepsDownstream = kept.head.keepsAlive
    }

    var request: RequestHead { kept.head }

    var nextDeadline: Int64 {
        min(min(routeDeadline, tryDeadline), min(stallDeadline, min(retryAt, departureDeadline)))
    }

    /// The client can tell the answer's end by the connection's end alone.
    var endsByClosing: Bool {
        reframing == .fromChunks || reframing == .none && response.framing == .untilClose
    }
}

/// A routing table and how many exchanges of this worker still use it.
struct TableGeneration {
    let table: Unmanaged<RoutingTable>
    /// What the table knows of each of the proxy's open listeners, by rising numbers.
    let listeners: UnsafeMutableBufferPointer<ListenerEntry>
    var exchanges = 0
    var isCurrent = true
}

/// One of the proxy's listeners as a routing table sees it.
struct ListenerEntry: Equatable {
    /// The proxy's own number of the listener.
    var number: Int
    /// The index in the table's list of listeners; -1 when it has none such.
    var index: Int32
    /// The port that requests count as having addressed; -1 where the authority decides.
    var requestPort: Int32

    /// A listener that the table does not know.
    static func unknown(_ number: Int) -> ListenerEntry {
        ListenerEntry(number: number, index: -1, requestPort: -1)
    }
}
