// SPDX-License-Identifier: Apache-2.0

/// Which answers are errors of a version, besides those that never came or broke off: by their status.
package struct ErrorStatuses: Sendable, Hashable {
    /// A status, or all of a hundred: `429`, `5xx`.
    package enum Entry: Sendable, Hashable {
        case status(Int)
        case hundred(Int)

        /// `nil` for what is no error in any version: statuses below 300 and above 599.
        package init?(_ text: String) {
            if let status = Int(text), (300...599).contains(status) {
                self = .status(status)
            } else if let hundred = (3...5).first(where: { "\($0)xx" == text }) {
                self = .hundred(hundred)
            } else {
                return nil
            }
        }

        package init?(_ node: Node) {
            guard let text = node.string ?? node.integer.map(String.init) else { return nil }
            self.init(text)
        }

        fileprivate func contains(_ status: Int) -> Bool {
            switch self {
            case .status(let own): status == own
            case .hundred(let own): status / 100 == own
            }
        }
    }

    package var entries: [Entry]

    package static let usual = ErrorStatuses([.hundred(5)])

    package init(_ entries: [Entry]) {
        self.entries = entries
    }

    package func contains(_ answer: RouteEvidence.Answer) -> Bool {
        answer.isCutOff || entries.contains { $0.contains(answer.meaning) }
    }
}

/// `5xx`, `429`: as it is read.
extension ErrorStatuses.Entry: CustomStringConvertible {
    package var description: String {
        switch self {
        case .status(let status): "\(status)"
        case .hundred(let hundred): "\(hundred)xx"
        }
    }
}
