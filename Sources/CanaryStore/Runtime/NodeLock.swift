// SPDX-License-Identifier: Apache-2.0

/// The right to be the one node of a store, held until the value goes away.
package final class NodeLock: Sendable {
    private static let patienceMilliseconds: Int64 = 500

    private let lock: StoreLock

    private init(_ lock: consuming StoreLock) {
        self.lock = lock
    }

    /// `nil` where another process is the node.
    package static func acquire(at location: StoreLocation) throws(StoreError) -> NodeLock? {
        do throws(StoreError) {
            return NodeLock(
                try StoreLock(
                    path: path(location),
                    guarding: location.path(of: DatabaseFormat.cluster.name),
                    timeoutMilliseconds: patienceMilliseconds
                )
            )
        } catch {
            guard error.code == .busy else { throw error }
            return nil
        }
    }

    /// The process that is the node; `nil` where none is.
    package static func holder(at location: StoreLocation) -> String? {
        StoreLock.holder(path: path(location))
    }

    private static func path(_ location: StoreLocation) -> String { location.path(of: "node.lock") }
}
