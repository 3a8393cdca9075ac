// SPDX-License-Identifier: Apache-2.0

/// The version of a route with most replicas or endpoints, which is taken to be made for all requests.
struct LargestVersion {
    private(set) var count = 0
    private(set) var name = ""

    /// `nil` where some count is not known, or where nothing is split.
    init?(_ parts: [RouteLoads.Part], _ count: (VersionCapacity) -> Int?) {
        guard parts.count > 1 else { return nil }
        for part in parts {
            guard let count = count(part.capacity) else { return nil }
            if count > self.count { (self.count, name) = (count, part.destination.shortName) }
        }
    }
}

/// A version that gets more than it can be expected to carry, by the measure of the largest version of the same route: it
/// needs `share · largest` replicas or endpoints.
struct Overload {
    /// More than twice as much is worth a word: pods differ, and nobody wants to hear of every ramp.
    private static let worthTelling = 2.0

    let share: Double
    let own: Int
    let largest: LargestVersion

    /// `nil` where all is well, or where nothing is known.
    init?(share: Double, own: Int?, largest: LargestVersion?) {
        guard let own, own > 0, let largest,
            share * Double(largest.count) > Self.worthTelling * Double(own)
        else { return nil }
        self.share = share
        self.own = own
        self.largest = largest
    }

    /// As many as the share takes.
    var needed: Int { Int((share * Double(largest.count)).rounded(.up)) }
}
