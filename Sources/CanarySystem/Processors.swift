// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The processors of the machine.
package enum Processors {
    /// Those that this process may run on, at least one.
    package static var count: Int {
        max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }
}
