// SPDX-License-Identifier: Apache-2.0

/// A version that gets more than it can be expected to carry, by the measure of the largest version of the same route, which is
/// taken to be made for all requests: it needs `share · largest` replicas or endpoints.
struct Overload {
    /// More than twice as much is worth a word: pods differ, and nobody wants to hear of every ramp.
    private static let worthTelling = 2.0

    var share: Double
    var own: Int
    /// Of the version with most replicas or endpoints.
    var largest: Int
    var largestName: String

    /// `nil` where some count is not known, or where all is well.
    init?(_ part: RouteLoads.Part, of parts: [RouteLoads.Part], _ count: (VersionCapacity) -> Int?) {
        guard parts.count > 1, let own = count(part.capacity), own > 0 else { return nil }
        var largest: (count: Int, name: String) = (own, "")
        for other in parts {
            guard let count = count(other.capacity) else { return nil }
            if count > largest.count { largest = (count, other.destination.shortName) }
        }
        guard part.share * Double(largest.count) > Self.worthTelling * Double(own) else { return nil }
        (share, self.own, self.largest, largestName) = (part.share, own, largest.count, largest.name)
    }

    /// As many as the share takes.
    var needed: Int { Int((share * Double(largest)).rounded(.up)) }
}
