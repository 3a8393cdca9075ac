// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Why an answer is what it is: those of Envoy's response flags of which an answer has at most one.
package enum ResponseFlag: UInt8, Sendable, CaseIterable {
    case none
    case noRoute, noCluster, noHealthyUpstream, upstreamConnectionFailure, upstreamConnectionTermination
    case upstreamRemoteReset, upstreamRequestTimeout, upstreamProtocolError
    case downstreamConnectionTermination, downstreamProtocolError, streamIdleTimeout, durationTimeout
    case faultInjected, upstreamOverflow, overloadManager

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
        case .upstreamRequestTimeout: "UT"
        case .upstreamProtocolError: "UPE"
        case .downstreamConnectionTermination: "DC"
        case .downstreamProtocolError: "DPE"
        case .streamIdleTimeout: "SI"
        case .durationTimeout: "DT"
        case .faultInjected: "FI"
        case .upstreamOverflow: "UO"
        case .overloadManager: "OM"
        }
    }
}

/// All of Envoy's response flags that an answer has: the reason for it, and what happened to its request on the way.
struct ResponseFlags: Equatable {
    var reason = ResponseFlag.none
    /// A fault held it back (DI).
    var isDelayed = false
    /// It was tried as often as it may be (URX).
    var hasUsedUpRetries = false

    /// All that there can be have different numbers below ``count``.
    static let count = 64
    var number: Int {
        Int(reason.rawValue) &<< 2 | (isDelayed ? 1 : 0) | (hasUsedUpRetries ? 2 : 0)
    }

    init(
        _ reason: ResponseFlag = .none,
        isDelayed: Bool = false,
        hasUsedUpRetries: Bool = false
    ) {
        self.reason = reason
        self.isDelayed = isDelayed
        self.hasUsedUpRetries = hasUsedUpRetries
    }

    /// The flags of a number; `nil` for one that stands for none.
    init?(number: Int) {
        guard let reason = ResponseFlag(rawValue: UInt8(number >> 2)) else { return nil }
        self.init(reason, isDelayed: number & 1 != 0, hasUsedUpRetries: number & 2 != 0)
    }

    /// Whether the destination is to blame: see ``RouteEvidence/Answer/isError``, which is asked once for each flag.
    func isError(status: Int32) -> Bool {
        status >= 500 || ([0, 101, 408].contains(status) ? Self.quietErrors : Self.errors)[number]
    }

    private static let errors = errors(status: 200)
    /// With a status under which silence is nobody's fault.
    private static let quietErrors = errors(status: 0)

    private static func errors(status: Int) -> [Bool] {
        (0..<count).map { number in
            ResponseFlags(number: number).map { RouteEvidence.Answer(status: status, flag: $0.text).isError }
                ?? false
        }
    }

    /// As metrics and logs show them: as Envoy, in the order in which they come to be, with commas between them.
    func forEachText(_ body: (StaticString) -> Void) {
        var isFirst = true
        func add(_ text: StaticString) {
            if !isFirst { body(",") }
            isFirst = false
            body(text)
        }
        if isDelayed { add("DI") }
        if hasUsedUpRetries { add("URX") }
        if reason != .none || isFirst { add(reason.text) }
    }

    var text: String {
        var text = ""
        forEachText { text += "\($0)" }
        return text
    }
}
