// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting
import Synchronization
import Testing

@testable import CanaryProxy

/// Traces that begin at the proxy, and those that only pass it.
struct TraceContextTests {
    /// What an origin receives of the fields that carry traces, one line each.
    private static func received(
        _ fields: String,
        _ formats: TraceSettings.Formats,
        sampling: Double = 1
    ) throws -> [String] {
        let origin = try TestOrigin { request in
            let traces = request.fields.filter {
                $0.hasPrefix("b3") || $0.hasPrefix("x-b3") || $0.hasPrefix("trace")
            }
            return TestOrigin.response(traces.joined(separator: "\n"))
        }
        let proxy = try TestProxy([("v1", origin.port)]) {
            $0.traces.formats = formats
            $0.traces.sampling = sampling
        }
        let answer = try proxy.ask("GET / HTTP/1.1\r\nHost: app\r\n\(fields)\r\n")
        return answer.body.split(separator: "\n").map(String.init)
    }

    @Test func `a request without a trace begins one where that is wanted`() throws {
        let lines = try Self.received("", [.w3c, .b3])
        let trace = try #require(
            lines.first?.wholeMatch(of: /traceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-01/)
        )
        #expect(
            lines.dropFirst() == ["x-b3-traceid: \(trace.1)", "x-b3-spanid: \(trace.2)", "x-b3-sampled: 1"]
        )
        #expect(try Self.received("", [.w3c]) != Self.received("", [.w3c]))
        #expect(try Self.received("", []).isEmpty)
    }

    @Test func `as many traces are sampled as are to be`() throws {
        #expect(try Self.received("", [.w3c], sampling: 0)[0].hasSuffix("-00"))
        #expect(try Self.received("", [.b3], sampling: 0)[2] == "x-b3-sampled: 0")
        var random = RandomSource()
        let sampled = (0..<10_000).count { _ in
            var text = ByteBuffer(capacity: 128)
            TraceContext(&random, sampling: 0.1).write(.w3c, to: &text)
            return text.slice.text.hasSuffix("-01\r\n")
        }
        // Six standard deviations.
        #expect((820...1180).contains(sampled))
    }

    @Test(arguments: ["traceparent: 00-x", "b3: 0", "x-b3-traceid: 1"])
    func `a request's own trace passes, and no other is begun`(_ field: String) throws {
        #expect(try Self.received("\(field)\r\n", [.w3c, .b3]) == [field])
    }

    @Test func `each try of a request belongs to its trace`() throws {
        let traces = Mutex<[String]>([])
        let origin = try TestOrigin { request in
            let count = traces.withLock {
                $0.append(request.field("traceparent") ?? "none")
                return $0.count
            }
            return TestOrigin.response("", status: count == 1 ? "503 Service Unavailable" : "200 OK")
        }
        let retries: Value = ["attempts": 2, "retryOn": "5xx", "backoff": "1ms"]
        let route: Value = ["route": [["destination": ["host": "app"]]], "retries": retries]
        let proxy = try TestProxy([("v1", origin.port)], http: [route]) {
            $0.traces.formats = .w3c
        }
        #expect(try proxy.ask().status == 200)
        let seen = traces.withLock { $0 }
        #expect(seen.count == 2)
        #expect(Set(seen).count == 1)
        #expect(seen.first?.count == 55)
    }
}
