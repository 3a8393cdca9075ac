// SPDX-License-Identifier: Apache-2.0

/// The exit statuses that scripts may rely on; `canaryctl help exit-status` explains them.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    case success = 0
    /// Not found, exists already, stale, store unusable, a test's expectation; `diff`: there are differences.
    case failure = 1
    /// `diff` could not compare.
    case trouble = 2
    case usage = 64
    case invalidManifests = 65
    /// A bug in canaryctl.
    case bug = 70
    /// Busy; trying again is safe.
    case temporary = 75
    case timedOut = 124
    case interrupted = 130
}
