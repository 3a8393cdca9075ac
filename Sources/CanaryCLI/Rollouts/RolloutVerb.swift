// SPDX-License-Identifier: Apache-2.0

import CanaryJudge

/// The words of orders, in the store and on the command line.
enum RolloutVerb: String, CaseIterable {
    case pause, resume, promote, promoteFull, abort, retry

    var command: Command {
        switch self {
        case .pause: .pause
        case .resume: .resume
        case .promote: .promote
        case .promoteFull: .promoteFull
        case .abort: .abort
        case .retry: .retry
        }
    }
}
