// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A system call that failed, by its `errno`.
package struct SystemCallError: Error, Hashable {
    package var number: Int32

    package init(_ number: Int32) {
        self.number = number
    }

    /// In the words of the C library: `permission denied`.
    package var reason: String {
        guard let text = unsafe strerror(number) else { return "error \(number)" }
        let message = unsafe String(cString: text)
        return message.prefix(1).lowercased() + message.dropFirst()
    }

    /// Whether the reason is that nothing has this name.
    package var isMissing: Bool { number == ENOENT }
}
