// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A thread of the operating system that runs one function.
package struct Thread: Sendable {
    // pthread_t is an unsigned integer on Linux.
    private let handle: pthread_t

    /// Starts a thread; `nil` when the system has none left.
    package init?(name: String, _ body: sending @escaping () -> Void) {
        var handle = pthread_t()
        let box = unsafe Unmanaged.passRetained(Body(name: name, run: body))
        let status = unsafe pthread_create(
            &handle,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                _ = unsafe canary_name_thread(body.name)
                body.run()
                return nil
            },
            unsafe box.toOpaque()
        )
        guard status == 0 else {
            unsafe box.release()
            return nil
        }
        self.handle = handle
    }

    /// Waits for the end of the thread; to be called once, unless it was detached.
    package func join() { pthread_join(handle, nil) }

    package func detach() { pthread_detach(handle) }

    private final class Body {
        let name: String
        let run: () -> Void

        init(name: String, run: @escaping () -> Void) {
            self.name = name
            self.run = run
        }
    }
}
