// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// What stands behind the subsets of a host. Belongs to one thread.
final class HostCapacities {
    let host: HostView
    /// Several subsets may mean the same.
    private var known: [[String: String]: VersionCapacity] = [:]
    private lazy var nothing = VersionCapacity([], endpoints: [], in: host.snapshot)

    init(_ host: HostView) {
        self.host = host
    }

    /// What stands behind the labels of a destination; `nil` stands for a subset that nobody defines.
    func capacity(_ labels: [String: String]?) -> VersionCapacity {
        guard let service = host.service, let labels else { return nothing }
        if let known = known[labels] { return known }
        let found = VersionCapacity(
            host.workloads(labels),
            endpoints: service.ports.map { host.endpoints(labels, at: $0) },
            in: host.snapshot
        )
        known[labels] = found
        return found
    }
}
