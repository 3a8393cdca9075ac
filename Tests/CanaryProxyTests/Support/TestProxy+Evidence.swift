// SPDX-License-Identifier: Apache-2.0

import CanaryResources

@testable import CanaryProxy

extension TestProxy {
    /// Answers by status and flags, `200 -`, under the keys that `isMeant`; the proxy ends, so that nothing is under way.
    func answers(where isMeant: (EvidenceKey) -> Bool = { _ in true }) -> [String: UInt64] {
        stop()
        var all: [String: UInt64] = [:]
        for item in proxy.evidence().items where isMeant(item.key) {
            for (answer, count) in item.evidence.answers {
                all["\(answer.status) \(answer.flag)", default: 0] += count
            }
        }
        return all
    }

    func requestsInMetrics() -> [String: UInt64] { answers(inMetric: "istio_requests_total") }

    /// A counter by status and flags, whatever its other labels.
    func answers(inMetric name: String) -> [String: UInt64] {
        var values: [String: UInt64] = [:]
        for line in PrometheusText(shared: proxy.shared).text().split(separator: "\n")
        where line.hasPrefix(name + "{") {
            guard let code = line.firstRange(of: "response_code=") else { continue }
            let parts = line[code.lowerBound...].split(separator: "\"")
            values["\(parts[1]) \(parts[3])", default: 0] += UInt64(parts[4].dropFirst(2)) ?? 0
        }
        return values
    }
}
