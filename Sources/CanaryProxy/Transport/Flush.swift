// SPDX-License-Identifier: Apache-2.0

/// What sending the bytes that waited came to.
enum Flush {
    /// Some or all of what waited was sent.
    case moved
    case blocked
    /// The connection is beyond use.
    case failed
}
