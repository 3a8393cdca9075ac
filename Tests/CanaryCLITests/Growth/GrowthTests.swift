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
        "status", "scale deployments --all --replicas 3", "diff -f N", "apply -f N", "set-weight app v2 25",
        "undo app", "delete -f M",
    ]
    /// `$CANARYCTL_GROWTH` looks at more of everything; without it some things are left out.
    private static let chosen = getenv("CANARYCTL_GROWTH").flatMap { Int(String(cString: $0)) }
    /// Beyond the few that are looked at one after the other.
    private static let count = chosen ?? 52
    /// With so many times as much, work may grow by n log n and half of that; what goes by the square grows by sixteen times.
    private static let times = 4
    private static let mostTimes = 8
    /// Of less work the ratio says nothing.
    private static let leastWork = 20_000

    @Test(arguments: GrowthThing.all.filter { $0.isAlwaysTried || chosen != nil })
    func `work grows with what there is, not with its square`(_ thing: GrowthThing) throws {
        // What is made once in a process is made before anything is counted.
        _ = try Self.costs(thing, 1)
        let start = try Self.costs(thing, 1)
        let count = Self.count * thing.scale
        let few = try Self.costs(thing, count)
        let many = try Self.costs(thing, count * Self.times)
        for (index, command) in Self.commands.enumerated() {
            let most = Self.mostTimes * max(few[index] - start[index], Self.leastWork)
            #expect(
                many[index] - start[index] <= most,
                "\(command): \([start, few, many].map { $0[index] }) for \(thing)"
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
