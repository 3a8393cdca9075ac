// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The port of a match is above 65535.
enum MatchPortRule: ObjectRule {
    static let code = RuleCode("CAN0223", istio: "IST0106")
    static let kinds: Set<ResourceKind> = [.virtualService, .rollout]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        let matches =
            object.httpMatches + (object.tlsRoutes + object.tcpRoutes).flatMap { $0["match"]?.items ?? [] }
        for match in matches {
            guard let port = match["port"], let number = port.integer,
                (65536...Int64(UInt32.max)).contains(number)
            else { continue }
            report.add(
                at: port,
                "port \(number) is outside 1 to 65535",
                hint: "write the number of a port, from 1 to 65535"
            )
        }
    }
}
