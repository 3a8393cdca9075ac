// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// The pods that the store's node runs, read when somebody asks for them first.
final class RunningPods {
    static var none: RunningPods { RunningPods { [] } }

    private let load: () -> [Resource]
    private(set) lazy var all: [Resource] = load()

    init(_ load: @escaping () -> [Resource]) {
        self.load = load
    }
}
