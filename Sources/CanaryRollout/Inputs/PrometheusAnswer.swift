// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// What Prometheus answers to `GET /api/v1/query`; see <https://prometheus.io/docs/prometheus/latest/querying/api/>.
enum PrometheusAnswer {
    private static let mostValues = 100_000

    /// - Throws: why it is not one number.
    static func number(of answer: HTTPAnswer) throws(HTTPFailure) -> Double {
        guard let body = try? read(answer.body), let status = body["status"]?.string else {
            throw HTTPFailure("it is no Prometheus: \(answer.sentence)")
        }
        guard status == "success" else {
            throw HTTPFailure("the query is refused: \(OthersText.line(body["error"]?.string ?? status))")
        }
        let data = body["data"]
        switch data?["resultType"]?.string {
        case "scalar": return try number(data?["result"])
        case "vector":
            let samples = data?["result"]?.items ?? []
            guard let sample = samples.first else { throw HTTPFailure("the query gives nothing") }
            guard samples.count == 1 else {
                throw HTTPFailure(
                    "the query gives \(samples.count) numbers where one is needed, as sum() makes it"
                )
            }
            return try number(sample["value"])
        case let type:
            throw HTTPFailure("the query gives a \(OthersText.line(type ?? "secret")), and no number")
        }
    }

    private static func read(_ bytes: [UInt8]) throws(JSONError) -> Node? {
        try unsafe bytes.withUnsafeBufferPointer { buffer throws(JSONError) in
            var reader = unsafe JSONReader(buffer, locates: false, depthLimit: 20, nodeLimit: mostValues)
            return try reader.next()
        }
    }

    /// Of a time and a number, which is written as text, since it may be none.
    private static func number(_ sample: Node?) throws(HTTPFailure) -> Double {
        guard let text = sample?.items.last?.string, let value = Double(text) else {
            throw HTTPFailure("the query gives no number")
        }
        return value
    }
}
