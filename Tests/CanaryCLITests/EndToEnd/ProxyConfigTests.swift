// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// `proxy-config`, of proxies that run.
@Suite struct ProxyConfigTests {
    private static let host = "helloworld.default.svc.cluster.local"

    @Test func `each page is that of the proxy, in a table or as values, by istioctl's names`() throws {
        let scene = try Scene()
        func ask(_ arguments: String...) throws -> [String] {
            let ended = try Program(["pc"] + arguments, in: scene.scratch).end()
            #expect(ended.status == 0, "\(ended.errors)")
            return ended.output.split(separator: "\n").map(String.init)
        }
        let routes = try ask("route", "--host", Self.host)
        #expect(routes.count == 2, "\(routes)")
        #expect(routes.last?.contains("helloworld.default:v1=90") == true, "\(routes)")
        let endpoints = try ask("ep", "--fqdn", Self.host, "--subset", "v2", "--status", "healthy")
        #expect(endpoints.count == 2 && endpoints[1].contains(scene.v2.address), "\(endpoints)")
        #expect(try ask("clusters", "--subset", "v1").last?.hasPrefix(Self.host) == true)
        let port = try #require(Scene.listener(of: scene.proxy).split(separator: ":").last)
        #expect(try ask("listeners", "--port", String(port)).last?.contains("Route: \(port)") == true)
        let values = try ask("cluster", "-o", "yaml", "--subset", "v1")
        #expect(values.contains { $0.contains("kind: ProxyCluster") }, "\(values)")
        let named = try ask("connections", "\(scene.proxy.pid)", "-o", "json")
        #expect(named.contains { $0.contains("\"kind\": \"ProxyConnection\"") }, "\(named)")
        let none = try Program(["proxy-config", "secret"], in: scene.scratch).end()
        #expect(none.status == 0 && none.errors == "No secrets found.\n", "\(none)")
    }

    @Test func `of several proxies one has to be named`() throws {
        let scratch = try ScratchDirectory()
        try Scene.createHelloworld(in: scratch)
        let proxies = [try Scene.startProxy(in: scratch), try Scene.startProxy(in: scratch)]
        let refused = try Program(["proxy-config", "routes"], in: scratch).end()
        #expect(refused.status == 1)
        for proxy in proxies { #expect(refused.errors.contains("\(proxy.pid)"), "\(refused.errors)") }
        #expect(try Program(["proxy-config", "routes", "\(proxies[1].pid)"], in: scratch).end().status == 0)
    }

    @Test func `a proxy without the page is told to be of an older version`() throws {
        let scratch = try ScratchDirectory()
        try Scene.createHelloworld(in: scratch)
        let listener = try Self.listen(at: scratch.path("store/admin-\(getpid()).sock"))
        let thread = Thread(name: "old-proxy") {
            while case let client = accept(listener, nil, nil), client >= 0 {
                var request = [UInt8](repeating: 0, count: 4096)
                if read(client, &request, request.count) > 0 {
                    let answer = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
                    _ = write(client, answer, answer.utf8.count)
                }
                close(client)
            }
        }
        defer {
            shutdown(listener, Int32(SHUT_RDWR))
            thread?.join()
            close(listener)
        }
        let refused = try Program(["proxy-config", "routes"], in: scratch).end()
        #expect(refused.status == 1)
        #expect(refused.errors.contains("it is of an older version"), "\(refused.errors)")
    }

    private static func listen(at path: String) throws -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { room in
            if bytes.count < room.count { room.copyBytes(from: bytes) }
        }
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let isBound = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(isBound == 0 && Glibc.listen(listener, 16) == 0)
        return listener
    }
}
