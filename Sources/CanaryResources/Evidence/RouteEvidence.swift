// SPDX-License-Identifier: Apache-2.0

/// What happened to the requests, or the TCP connections, of one ``EvidenceKey``: the foundation of shares, error rates and latencies, and of whatever
/// judges a canary by them. Sums of several proxies are exact.
package struct RouteEvidence: Sendable, Equatable {
    /// How a request, or its first try, ended.
    package struct Answer: Hashable, Sendable {
        /// As it was sent, 100 to 999; 0 where none was, as of TCP connections.
        package var status: Int
        /// Envoy's response flags, with commas between them, `-` for none: `UF`, `UT,DI`, `DC` …
        package var flag: String
        /// What a gRPC client found, or took it for; `nil` where none asked.
        package var grpcStatus: Int?

        package init(status: Int, flag: String = "-", grpcStatus: Int? = nil) {
            self.status = status
            self.flag = flag
            self.grpcStatus = grpcStatus
        }

        /// The HTTP status that says what was answered: gRPC's answers are 200 whatever they say.
        package var meaning: Int {
            guard status == 200, let grpcStatus else { return status }
            return Int(GRPCStatus.http(of: Int32(clamping: grpcStatus)))
        }

        /// Whether the destination is to blame: 5xx and what says the same in gRPC, resets and timeouts, also those in the middle of
        /// an answer. A client that
        /// went away, or broke the protocol, is not, nor is a TCP connection or a switched protocol
        /// on which nobody said anything.
        package var isError: Bool {
            meaning >= 500 || isCutOff
        }

        /// Whether there was no answer of the destination's, or not all of one.
        package var isCutOff: Bool {
            flag.split(separator: ",").contains { flag in
                ["UF", "UC", "UR", "URX", "UT", "UPE", "UH", "NC"].contains(flag)
                    || flag == "SI" && ![0, 101, 408].contains(status)
            }
        }
    }

    /// Ends of requests, and how long it took to them from the request's head.
    package struct Tally: Sendable, Equatable {
        package var answers: [Answer: UInt64] = [:]
        package var durations = DurationHistogram()
        /// The sum of the durations.
        package var nanoseconds: UInt64 = 0

        package init() {}

        package var total: UInt64 { answers.values.reduce(0, &+) }
        package var errors: UInt64 { answers.reduce(0) { $1.key.isError ? $0 &+ $1.value : $0 } }

        package mutating func add(_ answer: Answer, nanoseconds: UInt64) {
            answers[answer, default: 0] &+= 1
            durations.add(nanoseconds: nanoseconds)
            self.nanoseconds &+= nanoseconds
        }

        package mutating func add(_ other: Tally) {
            answers.merge(other.answers, uniquingKeysWith: &+)
            durations.add(other.durations)
            nanoseconds &+= other.nanoseconds
        }

        /// Takes away what is part of this.
        package mutating func subtract(_ other: Tally) {
            for (answer, count) in other.answers {
                let left = answers[answer, default: 0]
                answers[answer] = left > count ? left - count : nil
            }
            durations.subtract(other.durations)
            nanoseconds -= min(nanoseconds, other.nanoseconds)
        }
    }

    /// What happened to users instead of requests, each once. A request that no user decided about is a user of its own.
    package struct Users: Sendable, Equatable {
        /// Whose first request was assigned to the destination.
        package var assigned: UInt64 = 0
        /// How the first tries of the first requests ended.
        package var firsts = Tally()
        /// First tries, each user's up to the first that failed, and how many users that was.
        package var tried: UInt64 = 0
        package var failed: UInt64 = 0

        package init() {}

        func adding(_ other: Users) -> Users {
            var sum = self
            sum.assigned &+= other.assigned
            sum.firsts.add(other.firsts)
            sum.tried &+= other.tried
            sum.failed &+= other.failed
            return sum
        }
    }

    /// Requests that were assigned to the destination, whether or not they have ended.
    package var assigned: UInt64 = 0
    /// Those that ended with an answer or without, as their clients saw it.
    package var completed = Tally()
    /// Those whose clients went away first. How long they would have taken nobody knows.
    package var abandoned = Tally()
    /// The part of `completed` that was tried more than once, and how all first tries ended that were followed by another:
    /// with them, what happened to first tries alone can be told.
    package var retried = Tally()
    package var firstTries = Tally()
    /// Of sticky traffic, in which only one request of a user is a draw.
    package var users: Users?
    /// What TCP connections carried to the destination, and from it. For metrics alone; kept nowhere.
    package var bytesReceived: UInt64 = 0
    package var bytesSent: UInt64 = 0

    package init() {}

    package var isEmpty: Bool { assigned == 0 && ended == 0 }

    /// Requests that have ended.
    package var ended: UInt64 { completed.total &+ abandoned.total }

    /// How first tries ended that the client waited for: what judges compare, since retries of the proxy's would hide what a
    /// version does.
    package var firstAttempts: Tally {
        var tally = completed
        tally.subtract(retried)
        tally.add(firstTries)
        return tally
    }

    /// All ends, of requests whose clients went away too.
    package var answers: [Answer: UInt64] {
        completed.answers.merging(abandoned.answers, uniquingKeysWith: &+)
    }

    package mutating func add(_ other: RouteEvidence) {
        assigned &+= other.assigned
        completed.add(other.completed)
        abandoned.add(other.abandoned)
        retried.add(other.retried)
        firstTries.add(other.firstTries)
        if let others = other.users { users = users.map { $0.adding(others) } ?? others }
        bytesReceived &+= other.bytesReceived
        bytesSent &+= other.bytesSent
    }
}
