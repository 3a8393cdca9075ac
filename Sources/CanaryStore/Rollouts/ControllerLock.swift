// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The right to be the one controller of a store's rollouts, held until the value goes away.
package final class ControllerLock {
    /// A look at whether there is a controller holds the lock for a moment, and so does a command that obeys itself.
    private static let patienceMilliseconds: Int64 = 500

    /// When a controller last gave a sign of life, which says no more than whether it has given one since.
    package struct Sign: Hashable, Sendable {
        private let seconds: Int
        private let nanoseconds: Int

        fileprivate init(_ time: timespec) {
            (seconds, nanoseconds) = (time.tv_sec, time.tv_nsec)
        }
    }

    private let lock: StoreLock

    private init(_ lock: consuming StoreLock) {
        self.lock = lock
    }

    /// `nil` where another process is the controller.
    package static func acquire(
        at location: StoreLocation,
        patienceMilliseconds: Int64 = patienceMilliseconds
    ) throws(StoreError) -> ControllerLock? {
        do throws(StoreError) {
            let lock = try StoreLock(
                path: path(location),
                guarding: location.path(of: DatabaseFormat.cluster.name),
                timeoutMilliseconds: patienceMilliseconds
            )
            return ControllerLock(lock)
        } catch {
            guard error.code == .busy else { throw error }
            return nil
        }
    }

    /// Whether it keeps others from the store that is at the place now.
    package func isHeld(at location: StoreLocation) -> Bool { lock.isHeld(at: Self.path(location)) }

    /// The process that is the controller; `nil` where none is.
    package static func holder(at location: StoreLocation) -> String? {
        StoreLock.holder(path: path(location))
    }

    /// Says that the controller is at work: once a second, as long as it can read and change the store.
    package static func giveSign(at location: StoreLocation) {
        _ = unsafe utimensat(AT_FDCWD, path(location), nil, 0)
    }

    /// The last sign; `nil` where no controller ever was.
    package static func lastSign(at location: StoreLocation) -> Sign? {
        var status = stat()
        return unsafe stat(path(location), &status) == 0 ? Sign(status.st_mtim) : nil
    }

    private static func path(_ location: StoreLocation) -> String {
        location.path(of: "rollout.lock")
    }
}
