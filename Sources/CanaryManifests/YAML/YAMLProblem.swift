// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Why the rest of a document cannot be read.
enum YAMLProblem: Error {
    case syntax(SyntaxFailure)
    /// Text that libyaml can read, but that has no meaning here; the mark says where the document broke.
    case meaning(RuleCode, String, hint: String, Mark)
    /// Nothing that follows is read either.
    case stop(RuleCode, String, hint: String, Mark)

    var mark: Mark {
        switch self {
        case .syntax(let failure): failure.mark
        case .meaning(_, _, _, let mark), .stop(_, _, _, let mark): mark
        }
    }
}
