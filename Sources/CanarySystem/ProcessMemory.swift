// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The memory of this process, in bytes.
package enum ProcessMemory {
    /// What is resident and no page of a file, which the system takes back by itself; 0 where `/proc` is not there.
    package static var used: Int64 {
        let fields = ControlGroupPaths.text("/proc/self/statm").split(separator: " ").map { Int64($0) ?? 0 }
        guard fields.count > 2 else { return 0 }
        return (fields[1] - fields[2]) * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// The smallest limit of the control groups that it is in, of either version; `nil` for none.
    package static var limit: Int64? {
        ControlGroupPaths.memory(of: getpid()).flatMap(limits(above:)).min()
    }

    /// Those of a group and of each above it: the kernel holds to all of them.
    private static func limits(above directory: String) -> [Int64] {
        var limits: [Int64] = []
        var directory = directory[...]
        while let slash = directory.lastIndex(of: "/") {
            for name in ["memory.max", "memory.limit_in_bytes"] {
                let text = ControlGroupPaths.text("\(directory)/\(name)").prefix { !$0.isNewline }
                // Version 1 says a number near the largest for none.
                if let limit = Int64(text), limit < 1 << 60 { limits.append(limit) }
            }
            directory = directory[..<slash]
        }
        return limits
    }
}
