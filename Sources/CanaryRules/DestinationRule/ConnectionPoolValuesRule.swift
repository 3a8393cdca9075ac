// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A limit of a connection pool is negative, HTTP/2 is asked for in two ways, or its keep-alive lacks a time.
enum ConnectionPoolValuesRule: ObjectRule {
    static let code = RuleCode("CAN0609", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.destinationRule]

    private static let counts = [
        "http1MaxPendingRequests", "http2MaxRequests", "maxRequestsPerConnection", "maxRetries",
        "maxConcurrentStreams",
    ]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for pool in object.policyLevels.compactMap({ $0["connectionPool"] }) {
            let http = pool["http"]
            for place in counts.map({ http?[$0] }) + [pool["tcp"]?["maxConnections"]] {
                guard let place, let value = place.integer, value < 0 else { continue }
                report.add(at: place, "\(place.label) is below 0", hint: "write 0 for no limit")
            }
            if let policy = http?["h2UpgradePolicy"], policy.string == "UPGRADE",
                http?["useClientProtocol"]?.node.bool == true
            {
                report.add(
                    at: policy,
                    "\"h2UpgradePolicy: UPGRADE\" and \"useClientProtocol\" can't be combined",
                    hint: "keep one of the two"
                )
            }
            for key in ["interval", "timeout"] {
                guard let keepAlive = http?["http2KeepAlive"], keepAlive[key] == nil else { continue }
                report.add(
                    at: keepAlive.field(key),
                    "\"http2KeepAlive\" needs \"\(key)\"",
                    hint: "write \"\(key): 10s\""
                )
            }
        }
    }
}
