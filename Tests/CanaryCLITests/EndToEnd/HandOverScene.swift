// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// A server and the proxies of one store, of which one after the other serves on the same port.
final class HandOverScene {
    let scratch: ScratchDirectory
    let server: VersionServer
    /// The first of them, and where all of them listen.
    let first: Program
    let address: String

    init(_ options: String..., workers: Int = 2) throws {
        scratch = try ScratchDirectory()
        server = try VersionServer("v1")
        try Scene.createHelloworld(servedBy: server, in: scratch)
        first = try Program(["proxy"] + Self.words(workers) + options, in: scratch)
        let first = first
        #expect(eventually { first.errors.contains("admin on ") }, "\(first.errors)")
        address = try Scene.listener(of: first)
    }

    deinit { _ = try? Program.run("down", in: scratch) }

    static func words(_ workers: Int) -> [String] {
        ["--workers", "\(workers)", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
    }

    /// A process that takes over, with arguments of its own.
    func takeOver(_ words: String..., workers: Int = 2) throws -> Program {
        try Program(["proxy"] + Self.words(workers) + words, in: scratch)
    }

    /// The processes that accept requests, as they report themselves.
    func serving() throws -> [pid_t] {
        let ended = try Program.run("proxy-status", "-o", "json", in: scratch)
        let list = try JSONReader.read(Array(ended.output.utf8))
        return (list["items"]?.items ?? []).filter { $0["draining"]?.bool == false }
            .compactMap { $0["pid"]?.integer.map { pid_t($0) } }
    }

    /// Has a process replace itself, and waits for its successor.
    @discardableResult func replace(_ pid: pid_t) throws -> pid_t {
        kill(pid, SIGUSR2)
        var next: pid_t?
        #expect(
            try eventually {
                next = try serving().last { $0 != pid }
                return try next != nil && !serving().contains(pid)
            }
        )
        return try #require(next, "\(first.errors)")
    }

    /// Has the proxies end TLS for hello.example.com at a free port, with a certificate that signs itself.
    func serveTLS() throws -> (port: Substring, certificate: String) {
        let (listener, address) = try Loopback.listen()
        close(listener)
        let port = try #require(address.split(separator: ":").last)
        let (key, certificate) = (scratch.path("key.pem"), scratch.path("certificate.pem"))
        let command = """
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=hello.example.com \
              -addext subjectAltName=DNS:hello.example.com -keyout \(key) -out \(certificate) &&
            \(Scene.root)/examples/tls/secret hello-certificate \(certificate) \(key)
            """
        let secret = try Program(["-c", command], in: scratch, executable: "/bin/sh").end()
        try #require(secret.status == 0, "\(secret.errors)")
        let manifest = """
            \(secret.output)
            ---
            apiVersion: networking.istio.io/v1
            kind: Gateway
            metadata: {name: edge}
            spec:
              servers:
              - port: {name: https, number: \(port), protocol: HTTPS}
                hosts: [hello.example.com]
                tls: {mode: SIMPLE, credentialName: hello-certificate}
            ---
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: secure}
            spec:
              hosts: [hello.example.com]
              gateways: [edge]
              http: [{route: [{destination: {host: helloworld}}]}]
            """
        try Scene.succeed(
            "apply",
            "-f",
            scratch.write(manifest, to: "secure.yaml"),
            "--wait=30s",
            in: scratch
        )
        return (port, certificate)
    }

    /// Has the proxies serve the host `files` from an address.
    func serveFiles(of address: String) throws {
        let service = """
            apiVersion: v1
            kind: Service
            metadata: {name: files}
            spec: {selector: {app: files}, ports: [{name: http, port: 80}]}
            """
        try Scene.succeed("apply", "-f", scratch.write(service, to: "files.yaml"), in: scratch)
        try Scene.succeed("register", "files", address, "--wait=30s", in: scratch)
    }

    /// The answer to one request on a connection of its own.
    func request() throws -> Loopback.Message? {
        let client = try Loopback(to: address)
        client.send("GET / HTTP/1.1\r\nhost: helloworld\r\n\r\n")
        return client.receive()
    }
}
