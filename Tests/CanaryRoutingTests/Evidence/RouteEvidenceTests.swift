// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryRouting

struct RouteEvidenceTests {
    private func random(_ seed: UInt64) -> RouteEvidence {
        var random = SeededGenerator(seed: seed)
        var evidence = RouteEvidence()
        evidence.assigned = random.next() >> 8
        let hasGRPC = random.next() % 2 == 0
        for _ in 0..<200 {
            let flags = ["-", "UF", "UT", "DC", "a new one"]
            var answer = RouteEvidence.Answer(status: Int(random.next() % 1000), flag: random.pick(flags))
            if hasGRPC, random.next() % 2 == 0 { answer.grpcStatus = Int(random.next() % 17) }
            let place = random.pick([\RouteEvidence.completed, \.abandoned, \.retried, \.firstTries])
            evidence[keyPath: place].add(answer, nanoseconds: random.next() >> (20 + random.next() % 40))
        }
        guard random.next() % 2 == 0 else { return evidence }
        var users = RouteEvidence.Users()
        (users.assigned, users.tried, users.failed) = (random.next(), random.next() >> 9, random.next() >> 60)
        for _ in 0..<20 { users.firsts.add(.init(status: 200), nanoseconds: random.next() >> 30) }
        evidence.users = users
        return evidence
    }

    @Test func `what is stored is read back, every status and flag by itself`() {
        for seed in 0..<20 as Range<UInt64> {
            let evidence = random(seed)
            #expect(RouteEvidence(encoded: evidence.encoded) == evidence)
        }
        #expect(RouteEvidence(encoded: RouteEvidence().encoded) == RouteEvidence())
        #expect(RouteEvidence().encoded.count < 32)
    }

    @Test func `what gRPC has no part in is stored as it was before gRPC`() {
        var evidence = RouteEvidence()
        evidence.assigned = 1
        evidence.completed.add(.init(status: 200), nanoseconds: 1)
        #expect(evidence.encoded.prefix(7) == [1, 1, 1, 200, 1, 1, 45])
        evidence.completed.add(.init(status: 200, grpcStatus: 0), nanoseconds: 1)
        #expect(evidence.encoded.prefix(8) == [3, 1, 2, 200, 1, 1, 45, 0])
    }

    @Test func `damaged bytes are no evidence, and do no harm`() {
        let bytes = random(3).encoded
        #expect(RouteEvidence(encoded: []) == nil)
        #expect(RouteEvidence(encoded: [9] + bytes.dropFirst()) == nil)
        for count in 0..<bytes.count { #expect(RouteEvidence(encoded: Array(bytes[..<count])) == nil) }
        var random = SeededGenerator(seed: 6)
        for _ in 0..<2000 {
            var damaged = bytes
            for _ in 0..<3 {
                damaged[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            // Whatever it says: it must end.
            _ = RouteEvidence(encoded: damaged)
        }
    }

    @Test func `sums do not depend on the order`() {
        let parts = (0..<6 as Range<UInt64>).map(random)
        let sum = parts.reduce(into: RouteEvidence()) { $0.add($1) }
        let backwards = parts.reversed().reduce(into: RouteEvidence()) { $0.add($1) }
        #expect(sum == backwards)
        #expect(sum.ended == parts.reduce(0) { $0 + $1.ended })
    }

    @Test func `first tries are told apart from what became of their requests`() {
        var evidence = RouteEvidence()
        evidence.assigned = 3
        evidence.completed.add(.init(status: 200), nanoseconds: 1_000_000)
        // One that failed at once, and one request that the client gave up while it was tried again.
        evidence.completed.add(.init(status: 200), nanoseconds: 30_000_000)
        evidence.retried.add(.init(status: 200), nanoseconds: 30_000_000)
        evidence.firstTries.add(.init(status: 503), nanoseconds: 2_000_000)
        evidence.firstTries.add(.init(status: 504, flag: "UT"), nanoseconds: 2_000_000)
        evidence.abandoned.add(.init(status: 0, flag: "DC"), nanoseconds: 9_000_000)
        let first = evidence.firstAttempts
        #expect(
            first.answers == [
                .init(status: 200): 1, .init(status: 503): 1, .init(status: 504, flag: "UT"): 1,
            ]
        )
        #expect(first.errors == 2 && evidence.completed.errors == 0)
        #expect(first.nanoseconds == 5_000_000)
        #expect(first.durations.total == 3)
        #expect(evidence.answers.values.reduce(0, +) == 3)
    }

    @Test func `errors are what the destination is to blame for`() {
        let errors = [(500, "-"), (599, "-"), (200, "UC"), (0, "UPE"), (504, "SI"), (200, "SI"), (503, "NC")]
        for (status, flag) in errors {
            #expect(RouteEvidence.Answer(status: status, flag: flag).isError, "\(status) \(flag)")
        }
        for (status, flag) in [
            (200, "-"), (404, "NR"), (499, "-"), (0, "DC"), (200, "DC"), (408, "SI"), (400, "DPE"),
            (101, "SI"), (200, "DT"), (0, "DT"), (101, "DC"),
        ] {
            #expect(!RouteEvidence.Answer(status: status, flag: flag).isError, "\(status) \(flag)")
        }
        // UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE and DATA_LOSS.
        let failing = (0...16).filter { RouteEvidence.Answer(status: 200, grpcStatus: $0).isError }
        #expect(failing == [2, 4, 12, 13, 14, 15])
        let limited = RouteEvidence.Answer(status: 200, grpcStatus: 8)
        #expect(ErrorStatuses([.status(429)]).contains(limited) && !ErrorStatuses.usual.contains(limited))
        // The proxy's own answer to a call whose client broke the protocol.
        #expect(!RouteEvidence.Answer(status: 400, flag: "DPE", grpcStatus: 13).isError)
    }
}
