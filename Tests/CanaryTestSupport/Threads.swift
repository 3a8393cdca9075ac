// SPDX-License-Identifier: Apache-2.0

import CanarySystem

/// Runs a body in so many threads at once and waits for all of them. Unlike tasks, threads may block.
package func inThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let threads = (0..<count).compactMap { index in Thread(name: "test-\(index)") { body(index) } }
    for thread in threads { thread.join() }
}
