// SPDX-License-Identifier: Apache-2.0

/// Why an answer is what it is: Envoy's response flags.
package enum ResponseFlag: UInt8, Sendable, CaseIterable {
    case none
    case noRoute, noCluster, noHealthyUpstream, upstreamConnectionFailure, upstreamConnectionTermination
    case upstreamRemoteReset, upstreamRetryLimitExceeded, upstreamRequestTimeout, upstreamProtocolError
    case downstreamConnectionTermination, downstreamProtocolError, streamIdleTimeout, durationTimeout

    /// As metrics and logs show it.
    package var text: StaticString {
        switch self {
        case .none: "-"
        case .noRoute: "NR"
        case .noCluster: "NC"
        case .noHealthyUpstream: "UH"
        case .upstreamConnectionFailure: "UF"
        case .upstreamConnectionTermination: "UC"
        case .upstreamRemoteReset: "UR"
        case .upstreamRetryLimitExceeded: "URX"
        case .upstreamRequestTimeout: "UT"
        case .upstreamProtocolError: "UPE"
        case .downstreamConnectionTermination: "DC"
        case .downstreamProtocolError: "DPE"
        case .streamIdleTimeout: "SI"
        case .durationTimeout: "DT"
        }
    }
}
