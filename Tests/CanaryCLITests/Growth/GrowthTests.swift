// SPDX-License-Identifier: Apache-2.0

import CWorkCounter
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// No command may cost more than in proportion to how many there are of anything, or nearly so. What counts is work, not time:
/// how often references are taken and objects made, which is the same in every run.
///
/// `Tests/Benchmarks/growth` measures the same in seconds and megabytes, at thousands of each thing.
@Suite(.enabled(if: work_counter_value() > 0, "Swift's runtime does not let its work be counted"))
struct GrowthTests {
    /// Those before `create` need no store; the later ones find the objects in it, and come in this order.
    private static let commands = [
        "validate -f M", "explain GET http://app/p1/x -f M", "export envoy -f M", "create -f M",
        "get all", "describe", "describe app", "explain GET http://app/p1/x",
        "diff -f N", "apply -f N", "set-weight app v2 25", "undo app", "delete -f M",
    ]
    /// `$CANARYCTL_GROWTH` is the smallest one.
    private static let sizes = [1, 2, 4].map {
        $0 * (getenv("CANARYCTL_GROWTH").flatMap { Int(String(cString: $0)) } ?? 20)
    }
    /// Twice as much more is added from 2n to 4n than from n to 2n where work is proportional, four times where it goes by the
    /// square.
    private static let mostTimes = 2.8
    /// Of so much additional work the ratio says nothing.
    private static let leastWork = 10_000

    @Test(arguments: GrowthThing.all) func `work grows with what there is, not with its square`(
        _ thing: GrowthThing
    )
        throws
    {
        let sizes = Self.sizes.map { $0 * thing.scale }
        let costs = try sizes.map { try Self.costs(thing, $0) }
        for (index, command) in Self.commands.enumerated() {
            let first = costs[1][index] - costs[0][index]
            let second = costs[2][index] - costs[1][index]
            guard second > Self.leastWork else { continue }
            #expect(
                Double(second) <= Self.mostTimes * Double(max(first, Self.leastWork / 4)),
                "\(command): \(costs.map { $0[index] }) at \(sizes) of \(thing)"
            )
        }
    }

    /// What each command costs with so many of a thing.
    private static func costs(_ thing: GrowthThing, _ count: Int) throws -> [Int] {
        let scratch = try ScratchDirectory()
        try scratch.write(thing.manifests(count, value: "before"), to: "M")
        try scratch.write(thing.manifests(count, value: "after"), to: "N")
        return try commands.map { line in
            let world = TestWorld(directory: scratch.path)
            let words = line.split(separator: " ").map(String.init)
            let before = work_counter_value()
            let status = CommandLineRunner.run(words, in: world.context)
            let cost = Int(work_counter_value() - before)
            try #require(status != .usage && status != .bug, "\(line): \(world.errors)")
            return cost
        }
    }
}
