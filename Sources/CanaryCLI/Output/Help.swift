// SPDX-License-Identifier: Apache-2.0

/// Texts that the help of several commands share.
enum Help {
    /// The examples of a command, each under a line that says what it does.
    static func examples(_ examples: (String, String)...) -> String {
        examples.map { "# \($0)\n\($1)" }.joined(separator: "\n\n")
    }
}
