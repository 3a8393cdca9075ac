// SPDX-License-Identifier: Apache-2.0

/// What the proxy leaves off as its memory runs short, so that it does not run out: the actions of Envoy's overload manager, in the
/// order of its best practices. Each includes those before.
enum OverloadLevel: UInt8, Comparable, CaseIterable {
    case none
    /// Clients' connections end with the answer (`disable_http_keepalive`), and what was freed goes back to the system (`shrink_heap`).
    case endingConnections
    /// New requests get 503 (`stop_accepting_requests`).
    case refusingRequests
    /// New connections wait in the kernel's queue (`stop_accepting_connections`).
    case acceptingNothing

    /// From which part of the limit on it is in force.
    var threshold: Double {
        switch self {
        case .none: 0
        case .endingConnections: 0.90
        case .refusingRequests: 0.95
        case .acceptingNothing: 0.98
        }
    }

    /// What is told to whoever runs the proxy, behind how much memory is used.
    var sentence: String {
        switch self {
        case .none: "there is room again"
        case .endingConnections: "clients' connections end with their answers"
        case .refusingRequests: "new requests get 503"
        case .acceptingNothing: "no connection is accepted"
        }
    }

    static func < (left: OverloadLevel, right: OverloadLevel) -> Bool { left.rawValue < right.rawValue }
}

/// Follows how much memory is used. A level is taken at once, and left only once less was used for a while: what was freed comes back
/// at the next burst.
struct MemoryPressure {
    /// Bytes.
    let limit: Int64
    private(set) var level = OverloadLevel.none
    /// Since when less is used than the level is for, in milliseconds.
    private var lowerSince: Int64?
    private static let patience: Int64 = 1000

    init(limit: Int64) { self.limit = limit }

    /// - Parameter now: milliseconds of a clock that only moves forward.
    mutating func look(used: Int64, now: Int64) -> OverloadLevel {
        let part = Double(used) / Double(max(limit, 1))
        let present = OverloadLevel.allCases.last { part >= $0.threshold } ?? .none
        if present >= level {
            level = present
            lowerSince = nil
        } else if let since = lowerSince {
            guard now - since >= Self.patience else { return level }
            level = present
            lowerSince = nil
        } else {
            lowerSince = now
        }
        return level
    }
}
