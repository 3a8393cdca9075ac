// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// Proxies in other processes than the node's serve its pods, too.
@Suite struct OtherProxyTests: NodeScene {
    let scratch: ScratchDirectory

    init() throws {
        scratch = try Self.makeScratch()
    }

    /// What a request through a proxy is answered with.
    private func answer(at address: String) throws -> String? {
        let connection = try Loopback(to: address)
        connection.send("GET / HTTP/1.1\r\nhost: web\r\n\r\n")
        return connection.receive()?.body
    }

    @Test func noRequestFailsWhateverHappensToPods() throws {
        let early = try Scene.startProxy(in: scratch)
        let node = try up()
        #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
        let late = try Scene.startProxy(in: scratch)
        let addresses = try [early, late].map { try Scene.listener(of: $0) }
        // One that has begun knows the pods.
        #expect(try answer(at: addresses[1]) == "v1")
        #expect(try eventually { try answer(at: addresses[0]) == "v1" })
        let clients = addresses.map { Client(of: $0) }
        let status = ["rollout", "status", "deployment/web", "--timeout", "60s"]
        for replicas in ["4", "1", "3"] {
            try Scene.succeed("scale", "deployment/web", "--replicas", replicas, in: scratch)
            #expect(try Program(status, in: scratch).end().status == 0)
        }
        for _ in 0..<3 {
            let pod = try #require(try readyPods().first)
            try Scene.succeed("delete", "pod", pod, in: scratch)
            #expect(try eventually { try readyPods().count == 3 })
        }
        try Scene.succeed("apply", "-f", try manifest("v2", replicas: 2), in: scratch)
        #expect(try Program(status, in: scratch).end().status == 0)
        for client in clients {
            let before = client.answers["v2", default: 0]
            #expect(eventually { client.answers["v2", default: 0] > before + 10 })
            #expect(Set(client.stop().keys) == ["v1", "v2"], "\(client.answers)")
        }
    }

    @Test func podsGoWithTheirNodeAndComeWithTheNext() throws {
        let proxy = try Scene.startProxy(in: scratch)
        let address = try Scene.listener(of: proxy)
        let node = try up()
        #expect(try eventually { try answer(at: address) == "v1" }, "\(node.errors)")
        node.signal(SIGKILL)
        _ = try node.end()
        #expect(try eventually { try answer(at: address) != "v1" })
        let next = try up()
        #expect(try eventually { try answer(at: address) == "v1" }, "\(next.errors)")
    }

    @Test func aProxyThatIsStoppedKeepsNoPod() throws {
        let proxy = try Scene.startProxy(in: scratch)
        let node = try up()
        #expect(try eventually { try readyPods().count == 2 }, "\(node.errors)")
        proxy.signal(SIGSTOP)
        defer { proxy.signal(SIGCONT) }
        let pod = try #require(try readyPods().first)
        try Scene.succeed("delete", "pod", pod, in: scratch)
        #expect(try !readyPods().contains(pod))
    }
}
