// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// An answer of the proxy's own.
struct LocalAnswer {
    enum Overloaded { case destination, proxy }

    var status: Int32
    var flag = ResponseFlag.none
    var body = ByteSlice()
    /// The route's redirect says where to go instead.
    var hasLocation = false
    /// Who has more to do than it may.
    var overloaded: Overloaded?
    /// The connection ends with it.
    var isLast = false
    /// It tells a browser what the route's CORS policy allows; the route's changes of answers are not for it.
    var isPreflight = false
    /// A gRPC client finds its status here, and the body as its message, under the status 200; -1 for none.
    var grpcStatus: Int32 = -1

    init(_ status: Int32, _ flag: ResponseFlag = .none, _ text: StaticString = "", isLast: Bool = false) {
        self.status = status
        self.flag = flag
        self.isLast = isLast
        body = ByteSlice(text)
    }

    /// It is for a gRPC client, which is told in gRPC, as by Envoy.
    mutating func addressGRPC() {
        guard grpcStatus < 0, !isPreflight else { return }
        grpcStatus = GRPCStatus.number(ofHTTP: status)
    }

    /// The answer to a preflight.
    static var preflight: LocalAnswer {
        var answer = LocalAnswer(200)
        answer.isPreflight = true
        return answer
    }

    /// The answer to a request for which its destination's limits leave no room.
    static var overflow: LocalAnswer {
        var answer = LocalAnswer(
            503,
            .upstreamOverflow,
            "upstream connect error or disconnect/reset before headers. reset reason: overflow"
        )
        answer.overloaded = .destination
        return answer
    }

    /// The answer to a request for which the proxy has no memory; the words are Envoy's.
    static var overloaded: LocalAnswer {
        var answer = LocalAnswer(503, .overloadManager, "envoy overloaded", isLast: true)
        answer.overloaded = .proxy
        return answer
    }

    /// The answer to a request that broke the protocol.
    init(_ rejection: Rejection) {
        self.init(Int32(rejection.status), .downstreamProtocolError, rejection.reason, isLast: true)
    }
}
