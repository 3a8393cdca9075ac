// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryProxy

/// Bodies between servers and clients that others wrote, where they are installed; `.ci/run` installs them.
@Suite(.serialized) struct RealServerTests {
    enum Server: String, CaseIterable, Sendable {
        case nginx, python3, node

        var isInstalled: Bool { Shell.finds(rawValue) && Shell.finds("curl") }

        /// The command that serves the directory `files` of the working directory, and for node echoes what is uploaded.
        func command(_ port: UInt16) -> String {
            switch self {
            case .nginx: "exec nginx -p . -c nginx.conf"
            case .python3: "exec python3 -m http.server --bind 127.0.0.1 -d files \(port)"
            case .node: "exec node server.js"
            }
        }

        func configuration(_ port: UInt16) -> (name: String, text: String)? {
            switch self {
            case .nginx:
                (
                    "nginx.conf",
                    """
                    daemon off; master_process off; pid nginx.pid; error_log error.log; events {}
                    http {
                      access_log off;
                      client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;
                      scgi_temp_path t5;
                      server { listen 127.0.0.1:\(port); root files; }
                    }
                    """
                )
            case .python3: nil
            case .node:
                (
                    "server.js",
                    """
                    require('http').createServer((request, response) => {
                      if (request.method === 'GET') require('fs').createReadStream('files' + request.url).pipe(response)
                      else request.pipe(response)
                    }).listen(\(port), '127.0.0.1')
                    """
                )
            }
        }
    }

    @Test(.enabled(if: Server.nginx.isInstalled, "nginx or curl is not installed"))
    func `curl gets nginx's files whole`() throws { try Self.download(from: .nginx) }

    @Test(.enabled(if: Server.python3.isInstalled, "python3 or curl is not installed"))
    func `curl gets Python's files whole`() throws { try Self.download(from: .python3) }

    @Test(.enabled(if: Server.node.isInstalled, "node or curl is not installed"))
    func `curl gets node's files whole`() throws { try Self.download(from: .node) }

    private static func download(from server: Server) throws {
        try serve(server) { proxy, shell in
            let script = """
                for round in 1 2 3 4 5; do for size in 0 65536 1100000 3145728 16777216; do
                  curl -sS --max-time 50 -H Host:\\ app -o got http://\(proxy.address)/$size || exit 1
                  cmp got files/$size || exit 1
                done; done
                """
            let complaint = try shell.run(script)
            #expect(complaint == "")
        }
    }

    @Test(
        .enabled(
            if: Server.node.isInstalled && Server.nginx.isInstalled,
            "node, nginx or curl is not installed"
        )
    )
    func `curl gets and sends whole bodies over HTTP/2`() throws {
        try Self.serve(.nginx) { proxy, shell in
            let complaint = try shell.run(
                """
                for size in 0 65536 1100000 3145728 16777216; do
                  curl -sS --http2-prior-knowledge --max-time 50 -H Host:\\ app -o got http://\(proxy.address)/$size || exit 1
                  cmp got files/$size || exit 1
                done
                """
            )
            #expect(complaint == "")
        }
        try Self.serve(.node) { proxy, shell in
            let complaint = try shell.run(
                """
                for size in 0 65536 3145728 16777216; do
                  curl -sS --http2-prior-knowledge --max-time 50 -H Host:\\ app -T files/$size -o got http://\(proxy.address)/ || exit 1
                  cmp got files/$size || exit 1
                  cat files/$size |
                    curl -sS --http2-prior-knowledge --max-time 50 -H Host:\\ app -T - -o got http://\(proxy.address)/ || exit 1
                  cmp got files/$size || exit 1
                done
                """
            )
            #expect(complaint == "")
        }
    }

    @Test(.enabled(if: Server.node.isInstalled, "node or curl is not installed"))
    func `node sends back what curl sends`() throws {
        try Self.serve(.node) { proxy, shell in
            let script = """
                for framing in Expect: Transfer-Encoding:\\ chunked; do for size in 0 65536 3145728 16777216; do
                  # curl 7.88 never ends an empty body in chunks.
                  [ "$size$framing" != "0Transfer-Encoding: chunked" ] || continue
                  curl -sS --max-time 50 -H Host:\\ app -H "$framing" -T files/$size -o got http://\(proxy.address)/ || exit 1
                  cmp got files/$size || exit 1
                done; done
                """
            let complaint = try shell.run(script)
            #expect(complaint == "")
        }
    }

    private static func serve(_ server: Server, _ body: (TestProxy, Shell) throws -> Void) throws {
        try serve(server) { port, shell in try body(try TestProxy([("v1", port)]), shell) }
    }

    /// Has a server serve files of several sizes.
    static func serve(_ server: Server, _ body: (UInt16, Shell) throws -> Void) throws {
        let shell = try Shell()
        let port = try TestOrigin.unusedPort()
        if let file = server.configuration(port) { _ = try shell.scratch.write(file.text, to: file.name) }
        let files = """
            mkdir files; for size in 0 65536 1100000 3145728 16777216; do
              head -c $size /dev/urandom > files/$size
            done
            """
        let complaint = try shell.run(files)
        try #require(complaint == "")
        let process = try shell.start(server.command(port) + " > server.log 2>&1")
        defer {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        while (try? TestConnection(to: "127.0.0.1:\(port)")) == nil {
            guard waitpid(process, nil, WNOHANG) == 0 else { throw FlowFailure.unexpected("its end") }
            poll(nil, 0, 10)
        }
        try body(port, shell)
    }
}

/// Commands in a directory of their own.
struct Shell {
    let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    static func finds(_ program: String) -> Bool {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let directories: [Substring] = path.split(separator: ":")
        return (directories + ["/usr/sbin"]).contains {
            access("\($0)/\(program)", X_OK) == 0
        }
    }

    func start(_ script: String) throws -> pid_t {
        let text = "PATH=$PATH:/usr/sbin; cd '\(scratch.path)' || exit 1\n\(script)"
        let arguments: [String] = ["sh", "-c", text]
        var words = arguments.map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var pid = pid_t()
        let error = posix_spawn(&pid, "/bin/sh", nil, nil, &words, environ)
        guard error == 0 else { throw FailedCall(name: "posix_spawn", number: error) }
        return pid
    }

    /// Runs a script to its end; what it said, empty where all went well.
    func run(_ script: String) throws -> String {
        let pid = try start("{ \(script)\n} > output 2>&1")
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        let descriptor = open(scratch.path("output"), O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &bytes, bytes.count)
        let text = String(decoding: bytes[..<max(count, 0)], as: UTF8.self)
        return text.isEmpty && status != 0 ? "status \(status)" : text
    }
}
