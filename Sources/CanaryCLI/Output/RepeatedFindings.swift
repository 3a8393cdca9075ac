// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Findings in the order in which they are printed, those that repeat counted at the first of them: one mistake of a chart's template
/// comes again in each of its objects.
struct RepeatedFindings {
    struct Group {
        let first: Diagnostic
        /// How many more like it there are.
        fileprivate(set) var others = 0
    }

    private(set) var groups: [Group] = []

    /// Fewer than this are worth a line each.
    private static let fewest = 4

    /// What findings have in common that say the same.
    private struct Kind: Hashable {
        let severity: Severity
        let code: RuleCode
        let message: String

        init(_ finding: Diagnostic) {
            severity = finding.severity
            code = finding.code
            // An object's own name tells its findings apart from those of its siblings, and nothing else does. Errors all have to
            // be mended: only where they are the same in every word one stands for all.
            let name = finding.resource?.name ?? ""
            message = severity == .error ? finding.message : Self.hiding(name, in: finding.message)
        }

        /// A message with a NUL for each place where it says a name. Bytes are looked through many times faster than characters.
        private static func hiding(_ name: String, in message: String) -> String {
            let (name, text) = (Array(name.utf8), Array(message.utf8))
            guard let first = name.first else { return message }
            var kept: [UInt8] = []
            var index = 0
            while index < text.count {
                if text[index] == first, text[index...].starts(with: name) {
                    kept.append(0)
                    index += name.count
                } else {
                    kept.append(text[index])
                    index += 1
                }
            }
            return String(decoding: kept, as: UTF8.self)
        }
    }

    /// `findings` are sorted.
    init(_ findings: [Diagnostic]) {
        let kinds = findings.map(Kind.init)
        let counts = Dictionary(kinds.map { ($0, 1) }, uniquingKeysWith: +)
        var places: [Kind: Int] = [:]
        for (finding, kind) in zip(findings, kinds) {
            if counts[kind, default: 0] < Self.fewest {
                groups.append(Group(first: finding))
            } else if let place = places[kind] {
                groups[place].others += 1
            } else {
                places[kind] = groups.count
                groups.append(Group(first: finding))
            }
        }
    }

    /// Whether anything was counted.
    var isCounted: Bool { groups.contains { $0.others > 0 } }
}
