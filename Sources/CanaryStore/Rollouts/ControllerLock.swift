// SPDX-License-Identifier: Apache-2.0

/// The right to be the one controller of a store's rollouts, held until the value goes away.
package final class ControllerLock {
    /// A look at whether there is a controller holds the lock for a moment, and so does a command that obeys itself.
    private static let patienceMilliseconds: Int64 = 500

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

    /// The process that is the controller; `nil` where none is.
    package static func holder(at location: StoreLocation) -> String? {
        StoreLock.holder(path: path(location))
    }

    private static func path(_ location: StoreLocation) -> String {
        location.path(of: "rollout.lock")
    }
}
