// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The processors of the machine.
enum Processors {
    /// Those that this process may run on, at least one.
    static var count: Int {
        max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }
}
