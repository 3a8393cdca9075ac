// SPDX-License-Identifier: Apache-2.0

import CanaryResources

extension Node {
    /// A count of Kubernetes', which has 32 bits; what is beyond is the nearest one that fits. `nil` for what is no integer.
    var count: Int? { integer.map { Int(Int32(clamping: $0)) } }

    /// Seconds, bounded as ``count`` is.
    var seconds: Duration? { count.map { .seconds($0) } }
}
