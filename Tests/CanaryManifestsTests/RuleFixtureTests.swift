// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources
import Testing

@testable import CanaryRules

/// Runs the rules over `Tests/RuleFixtures`: a finding is expected at each line that ends with `# expect CODE…`, and no other.
struct RuleFixtureTests {
    static let names = [
        "analysis", "destination-rule", "neighbours", "rollout", "service", "surprises", "virtual-service",
        "workloads",
    ]

    @Test(arguments: names)
    func `findings are those that the fixture expects`(_ name: String) throws {
        let text = try fixture(name, in: "RuleFixtures")
        let set = read(text)
        #expect(set.diagnostics == [])
        let found = Set(
            set.resources.flatMap(RuleCatalog.checkObject).map {
                FixtureMark(line: Int($0.position.line), text: $0.code.canary)
            }
        )
        expectSame(found, Self.expected(text))
    }

    @Test func `every rule about one object has a fixture`() throws {
        // Too large for a fixture.
        let elsewhere: Set<String> = ["CAN0238", "CAN0906"]
        let covered = Set(
            try Self.names.flatMap { Self.expected(try fixture($0, in: "RuleFixtures")).map(\.text) }
        )
        .union(try IstioRuleTests.codes())
        let all = Set(RuleCatalog.objectRules.map { $0.code.canary })
        #expect(all.subtracting(covered).subtracting(elsewhere).sorted() == [])
    }

    /// Rules are asked for hints by the compiler, and not whether these say anything.
    @Test func `every finding says what to do`() throws {
        let texts =
            try Self.names.map { try fixture($0, in: "RuleFixtures") }
            + IstioRuleTests.names.map { try fixture($0, in: "IstioRules") }
        for set in texts.map({ read($0) }) {
            let snapshot = ClusterSnapshot(set.resources)
            let findings =
                set.diagnostics + set.resources.flatMap(RuleCatalog.checkObject)
                + RuleCatalog.checkReferences(set.resources, in: snapshot)
            for finding in findings {
                #expect(finding.hint?.isEmpty == false, "\(finding.code.canary): \(finding.message)")
            }
        }
    }

    private static func expected(_ text: String) -> Set<FixtureMark> {
        var places: Set<FixtureMark> = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard let mark = line.ranges(of: "# expect ").last else { continue }
            for code in line[mark.upperBound...].split(separator: " ") {
                places.insert(FixtureMark(line: index + 1, text: String(code)))
            }
        }
        return places
    }
}
