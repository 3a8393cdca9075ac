// SPDX-License-Identifier: Apache-2.0

/// The state of the store that a table was made from.
package struct ServedTable: Hashable, Sendable {
    package var revision: Int64
    package var commit: String
}
