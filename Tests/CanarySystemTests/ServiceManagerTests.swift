// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import Testing

/// What a service manager says in the environment.
struct ServiceManagerTests {
    @Test func `descriptors are for the process that is named`() {
        let environment = ["LISTEN_PID": "7", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "listen::edge.socket"]
        let passed = ServiceManager(environment, pid: 7).passed
        #expect(passed.map(\.descriptor) == [3, 4, 5])
        #expect(passed.map(\.name) == ["listen", "", "edge.socket"])
        #expect(ServiceManager(environment, pid: 8).passed.isEmpty)
    }

    @Test(arguments: ["", "-1", "x", "99999999999"]) func `a number that is none passes nothing`(
        count: String
    ) {
        #expect(ServiceManager(["LISTEN_PID": "7", "LISTEN_FDS": count], pid: 7).passed.isEmpty)
    }

    @Test func `sockets without names have empty ones`() {
        #expect(
            ServiceManager(["LISTEN_PID": "7", "LISTEN_FDS": "2"], pid: 7).passed.map(\.name) == ["", ""]
        )
    }

    @Test func `a watchdog watches the process that is named, or whichever there is`() {
        #expect(ServiceManager(["WATCHDOG_USEC": "3000000"], pid: 7).watchdogMilliseconds == 3000)
        #expect(
            ServiceManager(["WATCHDOG_USEC": "1", "WATCHDOG_PID": "7"], pid: 7).watchdogMilliseconds == 1
        )
        #expect(
            ServiceManager(["WATCHDOG_USEC": "1", "WATCHDOG_PID": "8"], pid: 7).watchdogMilliseconds == nil
        )
        #expect(ServiceManager([:], pid: 7).watchdogMilliseconds == nil)
    }

    @Test func `what is meant for one process is not passed on`() {
        let environment = [
            "LISTEN_PID": "7", "WATCHDOG_PID": "7", "WATCHDOG_USEC": "9", "NOTIFY_SOCKET": "@x", "HOME": "/",
        ]
        #expect(
            ServiceManager.inherited(environment) == [
                "WATCHDOG_USEC": "9", "NOTIFY_SOCKET": "@x", "HOME": "/",
            ]
        )
    }
}
