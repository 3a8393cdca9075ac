// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

/// How one of several destinations is chosen.
package enum WeightedChoice {
    /// Independent draw: each index with exactly its weight's share of `total`, which must be the weights' positive sum.
    ///
    /// Lemire's multiply-shift ("Fast random integer generation in an interval", 2019) with its rejection step, so there is no
    /// modulo bias; a rejected draw continues with SplitMix64 of the same random word.
    static func draw(
        _ destinations: BorrowedList<DestinationRecord>,
        total: UInt64,
        random: UInt64
    ) -> Int {
        var word = random
        var (high, low) = word.multipliedFullWidth(by: total)
        if low < total {
            let threshold = (0 &- total) % total
            while low < threshold {
                word = splitMix(word)
                (high, low) = word.multipliedFullWidth(by: total)
            }
        }
        for index in 0..<destinations.count - 1 {
            let weight = destinations[index].weight
            if high < weight { return index }
            high -= weight
        }
        return destinations.count - 1
    }

    /// Sticky draw: the index with the largest -w / ln u, where u in (0,1) comes from the destination's keyed hash over the
    /// user's key ("weighted rendezvous hashing", Schindelhauer and Schomaker, 2005). A user only ever moves to a destination
    /// whose share grew.
    /// - Parameter user: becomes the first destination's hash, by which users are told apart as long as the split stays as it is.
    static func sticky(
        _ destinations: BorrowedList<DestinationRecord>,
        key: ByteSlice,
        user: inout UInt64?
    ) -> Int {
        var best = 0
        var bestScore = -1.0
        for index in 0..<destinations.count {
            guard var hash = destinations[index].stickyHash?.pointee else { continue }
            hash.update(key)
            let value = hash.finish()
            if index == 0 { user = value }
            let score = stickyScore(weight: destinations[index].weight, hash: value)
            if score > bestScore {
                best = index
                bestScore = score
            }
        }
        return best
    }

    /// -w / ln u with u = (h + 1/2) / 2^53, h being the hash's upper 53 bits; so u is never 0 or 1.
    package static func stickyScore(weight: UInt64, hash: UInt64) -> Double {
        let u = (Double(hash >> 11) + 0.5) * 0x1p-53
        return Double(weight) / -NaturalLogarithm.of(u)
    }

    /// The hash of a destination, still to be fed with the user's key: resolved host, NUL, subset, NUL. Host and subset are DNS
    /// names, so the separators are unambiguous. The same host and subset listed again in one route have their
    /// `occurrence` (1, 2 …) as a further byte after each NUL.
    package static func stickyHash(key: SipHash24.Key, host: String, subset: String, occurrence: Int)
        -> SipHash24
    {
        var hash = SipHash24(key: key)
        for part in [host, subset] {
            hash.update(part)
            hash.update(0)
            if occurrence > 0 { hash.update(UInt8(clamping: occurrence)) }
        }
        return hash
    }

    private static func splitMix(_ seed: UInt64) -> UInt64 {
        var word = seed &+ 0x9e37_79b9_7f4a_7c15
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}
