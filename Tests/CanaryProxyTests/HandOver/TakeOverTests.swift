// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryProxy

/// Two proxies of one process, of which one takes over from the other.
struct TakeOverTests {
    private static func proxy(
        _ origin: TestOrigin,
        _ scratch: ScratchDirectory,
        _ inheritance: Inheritance = Inheritance(),
        workers: Int = 2
    ) throws -> TestProxy {
        try TestProxy([("v1", origin.port)], inheritance: inheritance) {
            $0.workers = workers
            $0.admin = "127.0.0.1:0"
            $0.controlDirectory = scratch.path
        }
    }

    @Test(arguments: [(1, 4), (4, 1), (2, 2)])
    func `clients find one proxy after the other at the same place`(first: Int, second: Int) throws {
        let scratch = try ScratchDirectory()
        let origin = try TestOrigin { connection, _ in
            while true {
                _ = try connection.readHead()
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
            }
        }
        var proxy = try Self.proxy(origin, scratch, workers: first)
        let address = proxy.address
        for round in 0..<6 {
            let resting = try proxy.connect()
            try resting.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            #expect(try resting.readMessage().field("connection") == nil)
            let takeOver = try #require(try TakeOver.begin(from: getpid(), in: scratch.path))
            let workers = round.isMultiple(of: 2) ? second : first
            let next = try Self.proxy(origin, scratch, takeOver.inheritance, workers: workers)
            #expect(next.address == address)
            try takeOver.complete()
            try resting.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            #expect(try resting.readMessage().field("connection") == "close")
            #expect(proxy.proxy.hasHandedOver && proxy.proxy.adminAddress == nil)
            proxy.proxy.wait()
            proxy = next
            #expect(try proxy.ask().body == "x")
        }
    }
}
