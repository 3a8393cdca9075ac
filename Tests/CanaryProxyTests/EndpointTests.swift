// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import Testing

@testable import CanaryProxy

/// Which endpoints connections go to, and how many connections there may be.
@Suite(.timeLimit(.minutes(15))) struct EndpointTests {
    @Test func `an endpoint that is a name is looked up`() throws {
        let origin = try TestOrigin(named: "by name")
        let spec: Value = [
            "hosts": ["named.test"], "resolution": "DNS",
            "ports": [["number": 80, "name": "http", "protocol": "HTTP"]],
            "endpoints": [["address": "localhost", "ports": ["http": .integer(Int64(origin.port))]]],
        ]
        let entry = TestProxy.resource(.serviceEntry, "named", ["spec": spec])
        let proxy = try TestProxy([], resources: [entry])
        let request = "GET / HTTP/1.1\r\nHost: named.test\r\n\r\n"
        var answer = try proxy.ask(request)
        // Until the name has an address there is nowhere to send requests to.
        while answer.status == 503 { answer = try proxy.ask(request) }
        #expect(answer.body == "by name")
    }

    @Test func `endpoints get requests by their weights`() throws {
        let heavy = try TestOrigin(named: "heavy")
        let light = try TestOrigin(named: "light")
        let endpoints = [(heavy, 3), (light, 1)].map { origin, weight in
            let spec: Value = [
                "address": "127.0.0.1", "ports": ["http": .integer(Int64(origin.port))],
                "labels": ["app": "app", "version": "v1"], "weight": .integer(Int64(weight)),
            ]
            return TestProxy.resource(.workloadEntry, "weight-\(weight)", ["spec": spec])
        }
        let proxy = try TestProxy([], resources: endpoints)
        let connection = try proxy.connect()
        var heavyCount = 0
        for _ in 0..<1000 {
            try connection.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n")
            if try connection.readMessage().body == "heavy" { heavyCount += 1 }
        }
        // Six standard deviations of 1000 draws with p = 3/4.
        #expect(668...832 ~= heavyCount)
    }

    @Test func `connections beyond the limit wait until others have gone`() throws {
        let origin = try TestOrigin(named: "v1")
        let proxy = try TestProxy([("v1", origin.port)]) {
            $0.workers = 1
            $0.limits.connections = 2
        }
        let request = "GET / HTTP/1.1\r\nHost: app\r\n\r\n"
        let first = try proxy.connect()
        let second = try proxy.connect()
        for connection in [first, second] {
            try connection.send(request)
            #expect(try connection.readMessage().body == "v1")
        }
        let third = try proxy.connect()
        try third.send(request)
        // Those that are there are served meanwhile.
        try second.send(request)
        #expect(try second.readMessage().body == "v1")
        first.finishSending()
        #expect(try third.readMessage().body == "v1")
    }
}
