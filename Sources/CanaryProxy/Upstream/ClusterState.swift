// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// What a worker keeps of a cluster (Istio's: host, subset and port), whichever routes and tables lead to it.
struct ClusterState {
    /// Whose turn it is, for round robin; 0 before the first.
    private var turn: UInt64 = 0
    /// Where endpoints are not all alike.
    private var plan: SlabPointer<ClusterPlan>?

    /// Turns begin at a random one, so that workers do not go through the endpoints in step.
    mutating func nextTurn(_ random: inout RandomSource) -> UInt64 {
        if turn == 0 { turn = random.next() >> 32 }
        turn &+= 1
        return turn
    }

    /// The plan for the endpoints as a destination has them, at a time.
    mutating func plan(
        for destination: DestinationHandle,
        _ now: Int64,
        _ random: inout RandomSource
    ) -> SlabPointer<ClusterPlan> {
        let version = unsafe destination.health?._withUnsafeGuaranteedRef { $0.version(now: now) } ?? 0
        if let plan, plan.pointee.holds(for: destination, version, now) { return plan }
        forgetPlan()
        let made = SlabPointer(alone: ClusterPlan(destination, now, &random))
        plan = made
        return made
    }

    /// The plan that was asked for last, if any.
    var presentPlan: SlabPointer<ClusterPlan>? { plan }

    /// Frees the plan, if there is one.
    mutating func forgetPlan() {
        // Nobody keeps what `plan` gave: it is asked for anew for each choice.
        unsafe plan?.free()
        plan = nil
    }
}

/// The addresses that a name stands for, in a worker's own memory. `@safe`: that is kept until ``forget()``.
@safe struct NamedAddresses {
    /// Whether its first look-up has ended.
    var isKnown = false
    private(set) var addresses = BorrowedList<EndpointRecord>()
    /// What the addresses are kept in.
    private var memory = unsafe UnsafeMutableBufferPointer<EndpointRecord>(start: nil, count: 0)
    private var turn: UInt64 = 0

    /// Takes addresses over, in place of those there were.
    mutating func adopt(_ addresses: [EndpointRecord], turn: UInt64) {
        forget()
        unsafe memory = .allocate(capacity: addresses.count)
        _ = unsafe memory.initialize(from: addresses)
        self.addresses = unsafe BorrowedList(UnsafeBufferPointer(memory))
        self.turn = turn
        isKnown = true
    }

    /// Frees the memory of the addresses.
    mutating func forget() {
        unsafe memory.deallocate()
        self = NamedAddresses()
    }

    /// The address of a user, or the one whose turn it is, one that is not ejected as long as there is one; `nil` without any.
    mutating func next(_ hash: UInt64?, where isEjected: (UInt64) -> Bool) -> UInt64? {
        guard addresses.count > 0 else { return nil }
        if let hash {
            return addresses[rendezvous(hash, isEjected) ?? rendezvous(hash) { _ in false } ?? 0].id
        }
        for _ in 0..<addresses.count {
            turn &+= 1
            let id = addresses[Int(turn % UInt64(addresses.count))].id
            if !isEjected(id) { return id }
        }
        return addresses[Int(turn % UInt64(addresses.count))].id
    }

    /// Highest random weight (Thaler and Ravishankar, 1998): when addresses come or go, only their own users move, and all
    /// proxies agree. Names are resolved beside the table, whose hash tables so can't hold their addresses.
    private func rendezvous(_ hash: UInt64, _ isEjected: (UInt64) -> Bool) -> Int? {
        var best: Int?
        var most: UInt64 = 0
        for index in 0..<addresses.count where !isEjected(addresses[index].id) {
            let weight = (hash ^ addresses[index].hash.mixed).mixed
            guard best == nil || weight > most else { continue }
            (best, most) = (index, weight)
        }
        return best
    }
}
