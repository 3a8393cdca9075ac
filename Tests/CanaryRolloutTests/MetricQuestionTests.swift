// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanarySystem
import CanaryTestSupport
import Testing

@testable import CanaryRollout

/// Metrics, asked of servers and commands as they are.
@Suite struct MetricQuestionTests {
    private func ask(
        _ metric: String,
        milliseconds: Int64 = 60_000,
        cancelledBy cancellation: EventDescriptor = EventDescriptor()
    ) throws -> GateAnswer {
        let question = MetricQuestion(
            metric: try Manifest.metric(metric),
            scene: RolloutScene(try Manifest.subject([metric]), Manifest.state),
            environment: ["PATH": "/usr/bin:/bin"]
        )
        let deadline = Clock.monotonicMilliseconds() + milliseconds
        return question.answer(deadline: deadline, cancelledBy: cancellation)
    }

    private func command(_ script: String, _ more: String = "") throws -> GateAnswer {
        let words = JSONWriter.write(.sequence(["sh", "-c", script].map(Node.string)), pretty: false)
        return try ask(#"{"name": "m", "command": \#(words)\#(more)}"#)
    }

    // MARK: - Commands

    @Test func `a command's status is its answer`() throws {
        #expect(try command("true") == .passed)
        #expect(
            try command("echo; echo ' no such  table' >&2; exit 3") == .failed("status 3: no such  table")
        )
        #expect(try command("exit 1") == .failed("status 1"))
        #expect(try command("kill -9 $$") == .silent("it was ended by signal 9"))
        #expect(try command("yes") == .silent("it prints too much"))
        #expect(
            try ask(#"{"name": "m", "command": ["/no/such"]}"#)
                == .silent("it cannot be started: no such file or directory")
        )
        #expect(
            try ask(#"{"name": "m", "command": ["sleep", "1000"]}"#, milliseconds: 200)
                == .silent("it did not end in time")
        )
    }

    @Test func `a command's number is compared with bounds`() throws {
        let bounds = #", "min": 0.5, "max": 10"#
        #expect(try command("echo ' 0.5'", bounds) == .passed)
        #expect(try command("echo -3", bounds) == .failed("-3 is below 0.5"))
        #expect(try command("echo 1e1000", bounds) == .silent("it is no number: inf"))
        #expect(try command("echo nan", bounds) == .silent("it is no number: nan"))
        #expect(try command("echo 1 2", bounds) == .silent("it prints no number: 1 2"))
        #expect(try command("printf '\\033[2Jx'", bounds) == .silent("it prints no number: \u{fffd}[2Jx"))
        #expect(try command("true", bounds) == .silent("it prints nothing"))
        #expect(try command("echo 5; exit 1", bounds) == .silent("status 1: 5"))
        let long = try command("head -c 5000 /dev/zero | tr '\\0' a", bounds)
        #expect(long == .silent("it prints no number: \(String(repeating: "a", count: 160))…"))
    }

    @Test func `a command knows what it is asked about`() throws {
        let names = [
            "ROLLOUT", "NAMESPACE", "HOST", "CANARY", "STABLE", "VERSION", "STEP", "WEIGHT", "PHASE",
        ]
        let script =
            "echo \(names.map { "$CANARYCTL_\($0)" }.joined(separator: "/")) {{version}} {{ weight }} >&2; exit 1"
        #expect(
            try command(script)
                == .failed("status 1: shop/web/shop.web.svc.cluster.local/v2/v1/v2/1/10/Progressing v2 10")
        )
    }

    @Test func `a comparison asks about both versions`() throws {
        let script = "case {{version}} in v2) echo 4;; v1) echo 2;; esac"
        #expect(try command(script, #", "compare": {"max": 2}"#) == .passed)
        #expect(
            try command(script, #", "compare": {"max": 1.5}"#)
                == .failed("4 is above 1.5 times the stable version's 2")
        )
    }

    // MARK: - Servers

    private func serve(_ answer: String, status: String = "200 OK") throws -> RawServer {
        try RawServer { connection, _ in
            send(
                "HTTP/1.1 \(status)\r\nContent-Length: \(answer.utf8.count)\r\n\r\n\(answer)",
                to: connection
            )
        }
    }

    @Test func `an HTTP gate gets what Flagger's webhooks get`() throws {
        let server = try serve("")
        defer { server.stop() }
        let metric =
            #"{"name": "gate", "http": {"url": "\#(server.url)/{{version}}", "metadata": {"test": "all {{weight}}"}}}"#
        #expect(try ask(metric) == .passed)
        let request = try #require(server.requests.first)
        #expect(request.hasPrefix("POST /v2 HTTP/1.1\r\n"))
        let body = try JSONReader.read(String(request.split(separator: "\r\n").last ?? ""))
        #expect(
            ["name", "namespace", "phase", "checksum"].map { body[$0]?.string } == [
                "shop", "web", "Progressing", "sum",
            ]
        )
        #expect(
            body["metadata"]?.stringMap == [
                "canary": "v2", "host": "shop.web.svc.cluster.local", "metric": "gate", "stable": "v1",
                "step": "1",
                "test": "all 10", "weight": "10",
            ]
        )
    }

    @Test(arguments: [
        ("299 Fine", GateAnswer.passed), ("503 No", .failed("status 503: not yet")),
        ("302 Found", .failed("status 302: redirects are not followed")),
    ]) func `a status below 300 is good`(_ status: String, _ answer: GateAnswer) throws {
        let server = try serve("\n  not yet\nand more", status: status)
        defer { server.stop() }
        #expect(try ask(#"{"name": "g", "http": {"url": "\#(server.url)"}}"#) == answer)
    }

    @Test(arguments: [
        (#"{"status":"success","data":{"resultType":"scalar","result":[1.5,"7"]}}"#, GateAnswer.passed),
        (
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"7"]}]}}"#,
            .passed
        ),
        (
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"7.5"]}]}}"#,
            .failed("7.5 is above 7")
        ),
        (
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"NaN"]}]}}"#,
            .silent("it is no number: nan")
        ),
        (
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"+Inf"]}]}}"#,
            .silent("it is no number: inf")
        ),
        (
            #"{"status":"success","data":{"resultType":"vector","result":[]}}"#,
            .silent("the query gives nothing")
        ),
        (
            #"{"status":"success","data":{"resultType":"vector","result":[{},{}]}}"#,
            .silent("the query gives 2 numbers where one is needed, as sum() makes it")
        ),
        (
            #"{"status":"success","data":{"resultType":"vector","result":[{}]}}"#,
            .silent("the query gives no number")
        ),
        (
            #"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
            .silent("the query gives a matrix, and no number")
        ),
        (
            #"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
            .silent("the query is refused: parse error")
        ),
        ("<html>", .silent("it is no Prometheus: status 200: <html>")),
        ("", .silent("it is no Prometheus: status 200")),
        (
            String(repeating: "[", count: 100_000),
            .silent("it is no Prometheus: status 200: \(String(repeating: "[", count: 160))…")
        ),
    ]) func `what Prometheus answers is a number, or told`(_ body: String, _ answer: GateAnswer) throws {
        let server = try serve(body)
        defer { server.stop() }
        let metric =
            #"{"name": "p", "prometheus": {"address": "\#(server.url)/prom", "query": "sum(x{v=\"{{version}}\"})"}, "max": 7}"#
        #expect(try ask(metric) == answer)
        #expect(
            server.requests.first?.hasPrefix(
                "GET /prom/api/v1/query?query=sum%28x%7Bv%3D%22v2%22%7D%29 HTTP/1.1\r\n"
            ) == true
        )
    }
}
