// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// What a worker keeps of a cluster (Istio's: host, subset and port), whichever routes and tables lead to it.
struct ClusterState {
    /// Whose turn it is, for round robin; 0 before the first.
    private var turn: UInt64 = 0

    /// Turns begin at a random one, so that workers do not go through the endpoints in step.
    mutating func nextTurn(_ random: inout RandomSource) -> UInt64 {
        if turn == 0 { turn = random.next() >> 32 }
        turn &+= 1
        return turn
    }
}

/// The addresses that a name stands for, in a worker's own memory.
struct NamedAddresses {
    /// Whether its first look-up has ended.
    var isKnown = false
    var addresses = UnsafeBufferPointer<EndpointRecord>(start: nil, count: 0)
    var turn: UInt64 = 0
}
