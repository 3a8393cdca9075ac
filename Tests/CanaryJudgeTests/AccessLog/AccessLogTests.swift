// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryTestSupport
import Testing

@Suite struct AccessLogTests {
    private struct Reading: Equatable {
        var requests: [LoggedRequest] = []
        var others = 0
        var faults: [Int: LogFault] = [:]
    }

    private func read(
        _ text: String,
        canary: [String] = ["v2"],
        stable: [String] = [],
        field: LogField? = nil,
        duration: LogField? = nil,
        pieces: Int = .max
    ) -> Reading {
        read(
            Array(text.utf8),
            canary: canary,
            stable: stable,
            field: field,
            duration: duration,
            pieces: pieces
        )
    }

    private func read(
        _ bytes: [UInt8],
        canary: [String] = ["v2"],
        stable: [String] = [],
        field: LogField? = nil,
        duration: LogField? = nil,
        pieces: Int = .max
    ) -> Reading {
        var reading = Reading()
        var reader = AccessLogReader(
            LogVersions(canary: canary, stable: stable),
            versionField: field,
            durationField: duration
        )
        for start in stride(from: 0, to: bytes.count, by: min(pieces, max(bytes.count, 1))) {
            let piece = Array(bytes[start..<min(bytes.count, start + min(pieces, bytes.count))])
            reader.read(piece) { reading.requests.append($0) }
        }
        reader.finish { reading.requests.append($0) }
        reading.others = reader.others
        reading.faults = Dictionary(reader.faults.map { ($0.line, $0.fault) }) { first, _ in first }
        #expect(reader.requests == reading.requests.count)
        #expect(reader.lines == reader.requests + reader.others + reader.faultCount)
        return reading
    }

    /// 2026-11-28T17:04:10Z
    private static let second: Int64 = 1_795_885_450

    private func request(
        _ isCanary: Bool,
        error: Bool = false,
        abandoned: Bool = false,
        _ time: Double? = nil
    )
        -> LoggedRequest
    {
        LoggedRequest(
            second: Self.second,
            isCanary: isCanary,
            isError: error,
            isAbandoned: abandoned,
            nanoseconds: time.map { UInt64($0 * 1e6) }
        )
    }

    // MARK: - Forms

    @Test func `canaryctl's own lines, by the address of the endpoint`() {
        let log = """
            [2026-11-28T17:04:10.123Z] "GET /a HTTP/1.1" 200 - 0 5 12 "127.0.0.1:5" "curl" "id" "web" "127.0.0.1:9081" 77
            [2026-11-28T17:04:10.900Z] "GET /b HTTP/1.1" 503 UF,URX 0 5 3 "127.0.0.1:5" "curl" "id" "web" "127.0.0.1:9082" 77
            [2026-11-28T17:04:10.900Z] "- - -" 0 - 10 20 7 "127.0.0.1:5" "-" "-" "-" "127.0.0.1:9082" 77

            [2026-11-28T17:04:10.950Z] "GET /c HTTP/1.1" 404 NR 0 0 0 "127.0.0.1:5" "curl" "id" "web" "-" 77
            """
        let reading = read(log, canary: ["127.0.0.1:9082"])
        #expect(reading.requests == [request(false, 12), request(true, error: true, 3)])
        #expect(reading.others == 2)
        #expect(reading.faults.isEmpty)
        // An address without port stands for all ports.
        #expect(read(log, canary: ["127.0.0.1"]).requests.map(\.isCanary) == [true, true])
        #expect(read(log, canary: ["127.0.0.1:908"]).requests.map(\.isCanary) == [false, false])
        #expect(read(log, canary: ["127.0.0.1:9082"], stable: ["v1"]).requests.count == 1)
    }

    @Test func `gRPC's statuses count, in lines of canaryctl's and in JSON`() {
        let start =
            "[2026-11-28T17:04:10.123Z] \"POST /a HTTP/2\" 200 - 0 5 12 \"127.0.0.1:5\" \"curl\" \"id\" \"web\" \"v2\" 77"
        #expect(read("\(start) grpc_status=14\n").requests == [request(true, error: true, 12)])
        #expect(read("\(start) grpc_status=0\n").requests == [request(true, 12)])
        #expect(read("\(start) grpc_status=5\n").requests == [request(true, 12)])
        #expect(read("\(start) other=14\n").faults == [1: .fieldCount(14)])
        let json =
            #"{"start_time":"2026-11-28T17:04:10Z","response_code":200,"version":"v2","grpc_status":13}"#
        #expect(read(json + "\n").requests == [request(true, error: true)])
    }

    @Test func `Envoy's default text, and Istio's, whose clusters name the subset`() {
        let envoy = """
            [2026-11-28T17:04:10.123Z] "GET / HTTP/1.1" 504 UT 0 24 30 - "-" "curl" "id" "web" "10.0.0.2:8080"

            """
        #expect(read(envoy, canary: ["10.0.0.2:8080"]).requests == [request(true, error: true, 30)])
        let istio = """
            [2026-11-28T17:04:10.123Z] "GET / HTTP/1.1" 200 - via_upstream - "-" 0 24 30 29 "-" "curl" "id" "web" \
            "10.0.0.2:8080" outbound|80|v2|reviews.default.svc.cluster.local 10.0.0.1:5 10.1.0.1:80 10.0.0.1:6 - default

            """
        #expect(read(istio).requests == [request(true, 30)])
        #expect(read(istio, canary: ["v3"]).requests == [request(false, 30)])
    }

    @Test func `JSON with Envoy's names and with nginx's`() {
        let log = """
            {"start_time":"2026-11-28T17:04:10.123Z","response_code":200,"duration":12,"response_flags":"-","upstream_host":"10.0.0.1:80"}
            {"upstream_cluster":"outbound|80|v2|x","upstream_host":"10.0.0.2:80","response_code":0,"response_flags":"DC","start_time":"2026-11-28T18:04:10+01:00","duration":12}
            { "time_local" : "28/Nov/2026:17:04:10 +0000", "status" : "502", "request_time" : "0.250", "extra" : {"a": ["}", 1]}, "version" : "v2" }
            {"start_time":"2026-11-28T17:04:10Z","protocol":"-","response_code":0,"upstream_host":"v2"}
            """
        #expect(
            read(log).requests == [
                request(false, 12), request(true, abandoned: true, 12), request(true, error: true, 250),
            ]
        )
        let named =
            #"{"time":"2026-11-28T17:04:10Z","status":200,"pod":{"x":1},"rel":"v2","took":"1.5","version":"v1"}"#
        #expect(
            read(named, field: .name("rel"), duration: .name("took")).requests == [request(true, 1500)]
        )
        #expect(read(named, field: .name("zone")).faults == [1: .noField(.name("zone"), of: nil)])
    }

    @Test func `nginx's common and combined lines, with what was added to them`() {
        let start = #"10.0.0.9 - - [28/Nov/2026:17:04:10 +0000] "GET / HTTP/1.1" "#
        let added = start + #"200 612 "-" "curl/8" 127.0.0.1:9082 0.031"#
        #expect(read(added, canary: ["127.0.0.1:9082"]).requests == [request(true)])
        #expect(
            read(added, canary: ["127.0.0.1:9082"], duration: .number(11)).requests == [request(true, 31)]
        )
        // Whoever was tried first failed.
        let retried = start + #"200 612 "-" "curl/8" 127.0.0.1:9082, 127.0.0.1:9081 0.031"#
        #expect(
            read(retried, canary: ["127.0.0.1:9082"], field: .number(10)).requests
                == [request(true, error: true)]
        )
        let keys = start + #"499 0 upstream="127.0.0.1:9082" rt=0.031"#
        #expect(
            read(keys, canary: ["127.0.0.1:9082"], field: .name("upstream"), duration: .name("rt")).requests
                == [request(true, abandoned: true, 31)]
        )
        #expect(read(start + "200 612").faults == [1: .noVersion])
        #expect(read(start + "200 612", field: .number(12)).faults == [1: .noField(.number(12), of: 7)])
        // What a client may have sent is no version.
        #expect(read(start + #"200 612 "-" "v2" "v2""#).faults == [1: .noVersion])
    }

    @Test func `times of other zones and of leap days`() {
        func second(_ time: String) -> Int64? {
            read(#"{"time":"\#(time)","status":200,"version":"v2"}"#).requests.first?.second
        }
        #expect(second("2026-11-28T17:04:10Z") == Self.second)
        #expect(second("28/Nov/2026:12:34:10 -0430") == Self.second)
        #expect(second("2024-02-29T00:00:00.5+00:00") == 1_709_164_800)
        #expect(second("1970-01-01T00:00:00Z") == 0)
        for wrong in [
            "2026-13-01T00:00:00Z", "2026-11-28", "28/Nix/2026:17:04:10 +0000", "now", "2026-11-28T25:00:00Z",
        ] {
            #expect(second(wrong) == nil, "\(wrong)")
        }
    }

    // MARK: - Hostile lines

    @Test func `lines that cannot be used are told by number, and the others count`() {
        let good = #"{"time":"2026-11-28T17:04:10Z","status":200,"version":"v2"}"#
        let log = """
            \(good)
            {"time":"2026-11-28T17:04:10Z","status":200
            hello
            [2026-11-28T17:04:10Z] "GET / HTTP/1.1" 200 - 0 0
            [2026-11-28T17:04:10Z] "GET /
            {"time":"2026-11-28T17:04:10Z","status":"x","version":"v2"}
            {"status":200,"version":"v2"}
            {"time":"2026-11-28T17:04:10Z","status":200} x
            \(good)
            """
        let reading = read(log)
        #expect(reading.requests.count == 2)
        #expect(
            reading.faults == [
                2: .notJSON, 3: .noTime, 4: .fieldCount(6), 5: .unended, 6: .noStatus, 7: .noTime,
                8: .notJSON,
            ]
        )
        // However it comes in pieces.
        for pieces in [1, 7, 64] { #expect(read(log, pieces: pieces) == reading) }
    }

    @Test func `a line of any length takes no more memory than a long one`() {
        let good = Array(#"{"time":"2026-11-28T17:04:10Z","status":200,"version":"v2"}"#.utf8)
        let huge = [UInt8](repeating: UInt8(ascii: "["), count: 300_000)
        let log = good + [10] + huge + [10] + good
        for pieces in [Int.max, 4096] {
            let reading = read(log, pieces: pieces)
            #expect(reading.requests.count == 2)
            #expect(reading.faults == [2: .tooLong])
        }
        #expect(read(huge, pieces: 4096).faults == [1: .tooLong])
    }

    @Test func `no bytes are too strange`() {
        var random = SeededGenerator(seed: 12)
        let forms = [
            #"{"time":"2026-11-28T17:04:10Z","status":200,"version":"v2","a":{"b":[1]}}"#,
            #"[2026-11-28T17:04:10.123Z] "GET / HTTP/1.1" 504 UT 0 24 30 - "-" "curl" "id" "web" "10.0.0.2:80""#,
            #"10.0.0.9 - - [28/Nov/2026:17:04:10 +0000] "GET / HTTP/1.1" 200 612 "-" "c" v2 0.031"#,
        ].map { Array($0.utf8) }
        for _ in 0..<3000 {
            var line = random.pick(forms)
            for _ in 0..<(random.next() % 4) {
                line[Int(random.next() % UInt64(line.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            line.removeLast(Int(random.next() % UInt64(line.count)))
            _ = read(line, field: random.chance(50) ? .number(10) : nil, duration: .number(11), pieces: 50)
        }
    }

    // MARK: - Seconds and shares

    private func seconds(_ requests: [(Int64, Bool)], share: Share? = nil) -> (
        counts: [ArmPair], shares: [Share], LoggedTraffic
    ) {
        var traffic = LoggedTraffic(share: share)
        var seconds: [ArmPair] = []
        var shares: [Share] = []
        func use(_ counts: ArmPair, _ share: Share) {
            seconds.append(counts)
            shares.append(share)
        }
        for (second, isCanary) in requests {
            traffic.add(LoggedRequest(second: second, isCanary: isCanary), use)
        }
        traffic.finish(use)
        return (seconds, shares, traffic)
    }

    @Test func `a request that was logged late counts for the second of then`() {
        let (counts, shares, traffic) = seconds(
            [(10, true), (12, false), (11, true), (12, true)],
            share: .half
        )
        #expect(counts.map(\.canary.assigned) == [1, 0, 2])
        #expect(counts.map(\.stable.assigned) == [0, 0, 1])
        #expect(shares == [.half, .half, .half])
        #expect(traffic.leaps == 0)
    }

    @Test func `a clock that leaps costs an hour at most`() {
        let (counts, _, traffic) = seconds([(0, true), (Int64.max / 2, false), (5, true)], share: .half)
        #expect(counts.count == 3601)
        #expect(traffic.leaps == 2)
    }

    @Test func `a share that nobody told is that of the minute`() {
        // A tenth for two minutes, a half for two.
        let requests: [(Int64, Bool)] = (0..<2400).map { number in
            let second = Int64(number / 10)
            return (second, number % 10 < (second < 120 ? 1 : 5))
        }
        let (counts, shares, _) = seconds(requests)
        #expect(counts.count == 240)
        let few: [(Int64, Bool)] = (0..<300).map { (Int64($0), $0 % 5 == 0) }
        #expect(
            shares == [Share](repeating: Share(percent: 10), count: 120)
                + [Share](repeating: .half, count: 120)
        )
        // Of few requests a minute is too short.
        #expect(seconds(few).shares.first == Share(percent: 20))
    }

    @Test func `versions that are alike are not taken for worse, whatever their shares`() {
        var aborts = 0
        let runs = 60 * Simulations.factor
        for run in 0..<runs {
            var random = SeededGenerator(seed: Simulations.seed &* 31 &+ UInt64(run))
            var traffic = LoggedTraffic(share: nil)
            var rules = JudgeRules()
            (rules.alpha, rules.quantiles, rules.watchesAnswers) = (0.2, [], false)
            var simulation = LogSimulation(rules, canary: "v2")
            for second in 0..<300 {
                let share = second < 150 ? 0.1 : 0.4
                for _ in 0..<20 {
                    let request = LoggedRequest(
                        second: Int64(second),
                        isCanary: random.happens(share),
                        isError: random.happens(0.1)
                    )
                    traffic.add(request) { simulation.second($0, share: $1) }
                }
            }
            traffic.finish { simulation.second($0, share: $1) }
            if simulation.judge.run.outcome == .takenBack { aborts += 1 }
        }
        #expect(aborts <= Simulations.most(alpha: 0.2, runs: runs))
    }

    @Test func `a canary that fails is found in a log, and how much it cost elsewhere`() {
        var random = SeededGenerator(seed: 5)
        var traffic = LoggedTraffic(share: nil)
        var simulation = LogSimulation(JudgeRules(), canary: "v2")
        for second in 0..<900 {
            for _ in 0..<100 {
                let isCanary = random.happens(0.1)
                let request = LoggedRequest(
                    second: Int64(second),
                    isCanary: isCanary,
                    isError: random.happens(isCanary ? 0.05 : 0.005),
                    nanoseconds: 10_000_000
                )
                traffic.add(request) { simulation.second($0, share: $1) }
            }
        }
        traffic.finish { simulation.second($0, share: $1) }
        let judge = simulation.judge.run
        #expect(judge.outcome == .takenBack)
        #expect(judge.canaryErrors < 20)
        #expect(judge.reason.contains("v2 fails at least"))
        #expect(simulation.flagger.outcome == .takenBack)
        #expect(simulation.flagger.canaryErrors > 5 * judge.canaryErrors)
        #expect(simulation.argo.outcome == nil)
    }
}
