// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import CanaryNode

@Suite struct ProcessUsageTests {
    @Test func whatEndedProcessesUsedIsNotLost() {
        let before = ProcessUsage().reading(.below(getpid())).cpuMilliseconds
        #expect(system("python3 -c 'import time\nwhile time.process_time() < 0.5: pass'") == 0)
        // Others that this process started meanwhile only add to it.
        #expect(ProcessUsage().reading(.below(getpid())).cpuMilliseconds - before >= 450)
    }
}
