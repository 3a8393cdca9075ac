// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources
import CanaryRules
import Testing

/// Runs the rules over `Tests/IstioRules`, which goes through all that Istio's schema and admission checks ask of an object by
/// itself, a number each: P what many rules share, V VirtualServices, H HTTP routes, M matches, D destinations, F faults,
/// R retries, W rewrites, X redirects, B direct responses, C CORS, T TLS and TCP routes, U what is unreachable,
/// DR DestinationRules, K the schema, N the other kinds.
///
/// A finding is expected at each line that ends with `# error CODE ISTIOCODE`, `warning` or `info`, and no other; it must stand
/// at the very field that its path names. Rules that only our proxy or our own eyes know (CAN10xx, CAN11xx) are left out.
struct IstioRuleTests {
    static let names = [
        "actions", "destination-rule", "http-routes", "l4-routes", "neighbours", "primitives",
        "virtual-service",
    ]

    /// How many rules each letter has.
    private static let counts = [
        "P": 19, "V": 11, "H": 14, "M": 11, "D": 11, "F": 9, "R": 4, "W": 2, "X": 6, "B": 2, "C": 4, "T": 10,
        "U": 6, "DR": 51, "K": 16, "N": 6,
    ]

    @Test(arguments: names)
    func `findings are those that Istio would make`(_ name: String) throws {
        let text = try fixture(name, in: "IstioRules")
        let set = read(text)
        #expect(set.diagnostics == [])
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var found: Set<FixtureMark> = []
        for resource in set.resources {
            for finding in RuleCatalog.checkObject(resource) where !Self.isOurs(finding) {
                let codes = [finding.code.canary, finding.code.istio].compactMap(\.self)
                let text = "\(finding.severity.rawValue) \(codes.joined(separator: " "))"
                found.insert(FixtureMark(line: Int(finding.position.line), text: text))
                #expect(Self.pointsAtItsField(finding, resource, lines), "\(finding)")
            }
        }
        expectSame(found, Self.expected(lines))
    }

    /// B2: bodies that are too large for a fixture, with what is said of them.
    private static let bodies: [(bytes: Int, finding: String?)] = [
        (102_400, nil), (102_401, "warning IST0133"), (1_048_576, "warning IST0133"),
        (1_048_577, "error IST0106"),
    ]

    @Test(arguments: bodies)
    func `bodies have a size`(_ item: (bytes: Int, finding: String?)) throws {
        let body = String(repeating: "a", count: item.bytes)
        let set = read(
            """
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: b2}
            spec: {hosts: [a], http: [{directResponse: {status: 200, body: {string: \(body)}}}]}
            """
        )
        let findings = RuleCatalog.checkObject(try #require(set.resources.first)).filter { !Self.isOurs($0) }
        #expect(
            findings.map { "\($0.severity.rawValue) \($0.code.istio ?? "")" }
                == [item.finding].compactMap(\.self)
        )
    }

    @Test func `every rule of Istio has a fixture`() throws {
        var numbers: Set<String> = []
        for name in Self.names {
            for line in try fixture(name, in: "IstioRules").split(separator: "\n") where line.hasPrefix("# ")
            {
                guard let colon = line.firstIndex(of: ":") else { continue }
                let words = line[line.index(line.startIndex, offsetBy: 2)..<colon].split(separator: ",")
                numbers.formUnion(words.map { $0.drop { $0 == " " } }.map(String.init))
            }
        }
        let all = Self.counts.flatMap { letter, count in (1...count).map { "\(letter)\($0)" } }
        #expect(Set(all).subtracting(numbers).sorted() == [])
    }

    /// Our codes that are expected somewhere.
    static func codes() throws -> Set<String> {
        let texts = try names.flatMap { name in
            expected(
                try fixture(name, in: "IstioRules").split(separator: "\n", omittingEmptySubsequences: false)
            ).map(\.text)
        }
        return Set(texts.compactMap { $0.split(separator: " ").dropFirst().first.map(String.init) })
    }

    private static func isOurs(_ finding: Diagnostic) -> Bool {
        ["CAN10", "CAN11"].contains(finding.code.canary.prefix(5))
    }

    /// Whether the text at a finding's place is the last key of its path, or that field is missing.
    private static func pointsAtItsField(_ finding: Diagnostic, _ resource: Resource, _ lines: [Substring])
        -> Bool
    {
        guard case .key(let key) = finding.path.components.last,
            resource.body.value(at: finding.path)?.isNull == false
        else { return true }
        let line = lines[Int(finding.position.line) - 1]
        let rest = line.dropFirst(Int(finding.position.column) - 1)
        return rest.hasPrefix(key) || rest.hasPrefix("\"\(key)\"")
    }

    private static func expected(_ lines: [Substring]) -> Set<FixtureMark> {
        var expected: Set<FixtureMark> = []
        for (index, line) in lines.enumerated() {
            guard let mark = line.ranges(of: " # ").last else { continue }
            for part in line[mark.upperBound...].split(separator: ", ") {
                guard ["error CAN", "warning CAN", "info CAN"].contains(where: part.hasPrefix) else {
                    continue
                }
                expected.insert(FixtureMark(line: index + 1, text: String(part)))
            }
        }
        return expected
    }
}
