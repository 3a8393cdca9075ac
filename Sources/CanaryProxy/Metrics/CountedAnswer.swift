// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// How a request ended, or a try of one: what is counted and logged of it.
struct CountedAnswer {
    /// 0 where none was sent. Of the proxy's own answers to gRPC clients, which are all 200, the one that says why.
    var status: Int32
    var flags = ResponseFlags()
    /// What a gRPC client found or took it for, one of gRPC's; -1 where none asked.
    var grpcStatus: Int32 = -1

    /// Whether the destination is to blame: see ``RouteEvidence/Answer/isError``.
    var isError: Bool {
        flags.isError(status: grpcStatus > 0 && status == 200 ? GRPCStatus.http(of: grpcStatus) : status)
    }
}

extension Exchange {
    /// How it ended.
    var answer: CountedAnswer {
        CountedAnswer(
            status: outcome.status,
            flags: outcome.flags,
            grpcStatus: request.isGRPC ? grpcStatus(outcome.status, outcome.flag) : -1
        )
    }

    /// How a try of it ended that another follows.
    func answerOfTry(_ status: Int32, _ flag: ResponseFlag) -> CountedAnswer {
        var flags = outcome.flags
        flags.reason = flag
        return CountedAnswer(
            status: status,
            flags: flags,
            grpcStatus: request.isGRPC ? grpcStatus(status, flag) : -1
        )
    }

    /// What a gRPC client makes of an answer: what that says, or else of its status, or of how it broke off.
    private func grpcStatus(_ status: Int32, _ flag: ResponseFlag) -> Int32 {
        if flag == .downstreamConnectionTermination { return GRPCStatus.cancelled }
        if outcome.grpcStatus >= 0 { return outcome.grpcStatus }
        guard status == 200 else { return GRPCStatus.number(ofHTTP: status) }
        return flag == .none ? GRPCStatus.unknown : GRPCStatus.unavailable
    }
}
