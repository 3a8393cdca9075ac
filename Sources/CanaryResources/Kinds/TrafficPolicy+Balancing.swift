// SPDX-License-Identifier: Apache-2.0

extension TrafficPolicy {
    /// By which table a consistent hash finds its endpoint.
    package enum HashTable: Hashable, Sendable {
        /// With at least so many points.
        case ring(minimumSize: Int)
        /// With so many places, a prime.
        case maglev(size: Int)

        init(_ node: Node?) {
            if let maglev = node?["maglev"] {
                let size = maglev["tableSize"]?.integer.map { Int($0) } ?? 0
                self = .maglev(size: size > 0 ? size : 65_537)
            } else {
                let size = (node?["ringHash"]?["minimumRingSize"] ?? node?["minimumRingSize"])?.integer
                self = .ring(minimumSize: size.flatMap { $0 > 0 ? Int($0) : nil } ?? 1024)
            }
        }
    }

    /// How a new endpoint's share grows.
    package struct WarmUp: Hashable, Sendable {
        package var duration: Duration
        /// Of the endpoint's weight; it begins there.
        package var minimumPercent: Double
        /// Above 1 the share grows faster at first, below 1 slower.
        package var aggression: Double

        /// `nil` for a balancer without, where `warmup` wins over the older `warmupDurationSecs`.
        init?(_ balancer: Node) {
            guard let duration = Duration(balancer["warmup"]?["duration"] ?? balancer["warmupDurationSecs"]),
                duration > .zero
            else { return nil }
            self.duration = duration
            minimumPercent = min(max(balancer["warmup"]?["minimumPercent"]?.number ?? 10, 0), 100)
            aggression = balancer["warmup"]?["aggression"]?.number ?? 1
        }
    }
}
