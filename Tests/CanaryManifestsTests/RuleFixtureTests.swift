// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import Glibc
import Testing

@testable import CanaryModel

/// Runs the rules over `Tests/RuleFixtures`: a finding is expected at each line that ends with `# expect CODE…`, and no other.
struct RuleFixtureTests {
    static let names = [
        "analysis", "destination-rule", "neighbours", "service", "surprises", "virtual-service", "workloads",
    ]

    struct Place: Hashable, Comparable, CustomStringConvertible {
        var line: Int
        var code: String

        var description: String { "\(line): \(code)" }
        static func < (left: Place, right: Place) -> Bool {
            (left.line, left.code) < (right.line, right.code)
        }
    }

    @Test(arguments: names)
    func `findings are those that the fixture expects`(_ name: String) throws {
        let text = try Self.text(name)
        let set = read(text)
        #expect(set.diagnostics == [])
        let found = Set(
            set.resources.flatMap(RuleCatalog.checkObject).map {
                Place(line: Int($0.position.line), code: $0.code.canary)
            }
        )
        let expected = Self.expected(text)
        #expect(found.subtracting(expected).sorted() == [], "not expected")
        #expect(expected.subtracting(found).sorted() == [], "not found")
    }

    @Test func `every rule about one object has a fixture`() throws {
        // Too large for a fixture.
        let elsewhere: Set<String> = ["CAN0238", "CAN0906"]
        let covered = Set(try Self.names.flatMap { Self.expected(try Self.text($0)).map(\.code) })
            .union(try IstioRuleTests.codes())
        let all = Set(RuleCatalog.objectRules.map { $0.code.canary })
        #expect(all.subtracting(covered).subtracting(elsewhere).sorted() == [])
    }

    private static func expected(_ text: String) -> Set<Place> {
        var places: Set<Place> = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard let mark = line.ranges(of: "# expect ").last else { continue }
            for code in line[mark.upperBound...].split(separator: " ") {
                places.insert(Place(line: index + 1, code: String(code)))
            }
        }
        return places
    }

    private static func text(_ name: String) throws -> String {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let file = try #require(fopen("/\(folder)/RuleFixtures/\(name).yaml", "r"))
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
