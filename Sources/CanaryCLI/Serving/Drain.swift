// SPDX-License-Identifier: Apache-2.0

import CanaryProxy
import CanarySystem
import Synchronization

/// Lets the last requests finish, in a thread of its own, so that a second signal is still heard.
final class Drain: Sendable {
    static let pauseMilliseconds: Int32 = 20

    private let done = Mutex(false)

    var isDone: Bool { done.withLock(\.self) }

    init(_ proxy: Proxy, _ companion: (any ProxyCompanion)?) {
        let waiter = Thread(name: "drain") {
            proxy.wait()
            companion?.stop()
            self.done.withLock { $0 = true }
        }
        waiter?.detach()
        // Without a thread to wait in there is no patience either.
        if waiter == nil { done.withLock { $0 = true } }
    }
}
