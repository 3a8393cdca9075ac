// SPDX-License-Identifier: Apache-2.0

/// A name in which `*` stands for any run of characters, as in a shell.
struct Glob: Equatable {
    private let pattern: [Character]

    init(_ pattern: some StringProtocol) {
        self.pattern = Array(pattern)
    }

    /// Takes time in proportion to the product of both lengths at worst: only the last `*` is ever tried again.
    func matches(_ name: String) -> Bool {
        let name = Array(name)
        var position = 0
        var index = 0
        var lastStar: (index: Int, position: Int)?
        while position < name.count {
            if index < pattern.count, pattern[index] == "*" {
                lastStar = (index, position)
                index += 1
            } else if index < pattern.count, pattern[index] == name[position] {
                index += 1
                position += 1
            } else if let star = lastStar {
                lastStar = (star.index, star.position + 1)
                index = star.index + 1
                position = star.position + 1
            } else {
                return false
            }
        }
        return pattern[index...].allSatisfy { $0 == "*" }
    }
}
