// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Testing

@testable import CanaryCLI

@Suite struct RepeatedFindingsTests {
    private func finding(_ message: String, of name: String, _ severity: Severity = .warning) -> Diagnostic {
        let key = ResourceKey(.service, namespace: "default", name: name)
        return Diagnostic(RuleCode("CAN0001"), severity, message, resource: key)
    }

    private func counts(_ findings: [Diagnostic]) -> [Int] { RepeatedFindings(findings).groups.map(\.others) }

    @Test func `what a template repeats is counted at its first place`() {
        let findings = (0..<75).map { finding("svc-\($0) has no port", of: "svc-\($0)") }
        #expect(counts(findings) == [74])
        #expect(RepeatedFindings(findings).groups.first?.first == findings[0])
    }

    @Test func `a name is hidden wherever a message says it`() {
        for names in [["q", "x", "z", "j"], ["aab", "aaab", "aaaab", "é"]] {
            #expect(counts(names.map { finding("\($0)\($0): no port of \($0)", of: $0) }) == [3])
        }
    }

    @Test func `a few are told one by one`() {
        #expect(counts((0..<3).map { finding("no port", of: "svc-\($0)") }) == [0, 0, 0])
    }

    @Test func `errors are one only where they are the same in every word`() {
        #expect(
            counts((0..<5).map { finding("svc-\($0) is wrong", of: "svc-\($0)", .error) }) == [0, 0, 0, 0, 0]
        )
        #expect(counts((0..<5).map { finding("unknown field \"a\"", of: "svc-\($0)", .error) }) == [4])
    }

    @Test func `what differs in more than the object's name is told one by one`() {
        #expect(counts((0..<5).map { finding("no subset v\($0)", of: "svc") }) == [0, 0, 0, 0, 0])
    }
}
