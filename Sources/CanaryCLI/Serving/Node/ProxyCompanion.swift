// SPDX-License-Identifier: Apache-2.0

import CanaryProxy

/// What runs in the proxy's process beside it.
protocol ProxyCompanion: Sendable {
    /// Begins. The proxy accepts requests already.
    func start(beside proxy: Proxy, _ tables: ServedTables, _ log: ServiceLog) throws

    /// Ends in order what it began, and waits for that. The proxy has answered its last request.
    func stop()
}
