// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRollout
import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

/// Probes by gRPC's health protocol: against made-up frames, and against gRPC's own server where Python has it.
@Suite struct GRPCHealthTests {
    private func problem(_ url: String, service: String = "", milliseconds: Int64 = 60_000) throws -> String?
    {
        GRPCHealthClient.problem(
            try #require(HTTPURL(url)),
            service: service,
            deadline: Clock.monotonicMilliseconds() + milliseconds
        )
    }

    // MARK: - Frames

    private static func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt8 = 1, _ payload: [UInt8])
        -> [UInt8]
    {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 0xff), type, flags, 0, 0, 0, stream] + payload
    }

    /// A block of HPACK: literals that nobody keeps.
    private static func headers(_ fields: [(String, String)]) -> [UInt8] {
        var block: [UInt8] = []
        for (name, value) in fields {
            block += [0, UInt8(name.utf8.count)]
            block += Array(name.utf8)
            block.append(UInt8(value.utf8.count))
            block += Array(value.utf8)
        }
        return block
    }

    private static let settings = frame(4, stream: 0, [])

    private static func answer(_ message: [UInt8], status: String = "0", text: String = "") -> [UInt8] {
        let head = headers([(":status", "200"), ("content-type", "application/grpc")])
        var frames = settings + frame(1, flags: 4, head)
        frames += frame(0, [0, 0, 0, 0, UInt8(message.count)] + message)
        return frames + frame(1, flags: 5, headers([("grpc-status", status), ("grpc-message", text)]))
    }

    /// What is said of an answer that comes whole, and of the same in single bytes.
    private func problems(of answer: [UInt8]) throws -> [String?] {
        let server = try RawServer { connection, number in
            for piece in number == 0 ? [answer] : answer.map({ [$0] }) {
                _ = piece.withUnsafeBytes {
                    Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
            }
            // The client ends the connection when it has what it wants.
            var room = [UInt8](repeating: 0, count: 256)
            while recv(connection, &room, room.count, 0) > 0 {}
        }
        defer { server.stop() }
        return [try problem(server.url, service: "shop.Cart"), try problem(server.url)]
    }

    @Test(
        arguments: [
            ([8, 1], nil), ([8, 2], "service unhealthy (responded with \"NOT_SERVING\")"),
            ([], "service unhealthy (responded with \"UNKNOWN\")"),
            ([8, 3], "service unhealthy (responded with \"SERVICE_UNKNOWN\")"),
            ([16, 5, 8, 1], nil), ([8, 0x81, 0], nil),
            ([8], "error: health rpc probe failed: its answer is no message"),
            ([8, 0xff, 0xff, 0xff, 0xff, 0xff], "error: health rpc probe failed: its answer is no message"),
        ] as [([UInt8], String?)]
    )
    func `a message is read as protobuf has it`(_ message: [UInt8], _ expected: String?) throws {
        #expect(try problems(of: Self.answer(message)) == [expected, expected])
    }

    @Test func `other ends of a call are told in kubelet's words`() throws {
        let unimplemented =
            "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): no"
        #expect(
            try problems(of: Self.answer([], status: "12", text: "no")) == [unimplemented, unimplemented]
        )
        let unknown = "error: health rpc probe failed: code 5: unknown service"
        #expect(
            try problems(of: Self.answer([], status: "5", text: "unknown service")) == [unknown, unknown]
        )
        let notFound = Self.settings + Self.frame(1, flags: 5, Self.headers([(":status", "404")]))
        let status = "error: health rpc probe failed: HTTP status 404"
        #expect(try problems(of: notFound) == [status, status])
    }

    @Test func `what is no HTTP/2, too long, silent or not there is a failure`() throws {
        let text = Array("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".utf8)
        for answer in try problems(of: text) {
            #expect(answer?.hasPrefix("error: health rpc probe failed: ") == true)
        }
        var long = Self.settings + Self.frame(1, flags: 4, Self.headers([(":status", "200")]))
        for _ in 0..<5 { long += Self.frame(0, [UInt8](repeating: 0, count: 1000)) }
        for answer in try problems(of: long) {
            #expect(answer?.hasPrefix("error: health rpc probe failed: ") == true)
        }
        let silent = try RawServer { connection, _ in
            var room: UInt8 = 0
            while recv(connection, &room, 1, 0) > 0 {}
        }
        defer { silent.stop() }
        let late = try problem(silent.url, milliseconds: 50)
        #expect(late?.hasPrefix("timeout: health rpc did not complete within ") == true)
        let closed = try RawServer { _, _ in }
        closed.stop()
        let refused = try problem("http://127.0.0.1:1")
        #expect(refused?.hasPrefix("failed to connect service \"127.0.0.1:1\": ") == true)
    }

    // MARK: - gRPC's own server

    private static let python = getenv("CANARYCTL_GRPC_PYTHON").map { String(cString: $0) }

    @Test(
        .enabled(if: python != nil, "CANARYCTL_GRPC_PYTHON names no Python that has grpcio-health-checking")
    )
    func `gRPC's own server is understood`() throws {
        let scratch = try ScratchDirectory()
        try scratch.write(
            """
            import sys, time
            from concurrent import futures
            import grpc
            from grpc_health.v1 import health, health_pb2, health_pb2_grpc
            server = grpc.server(futures.ThreadPoolExecutor(2))
            states = health.HealthServicer()
            if sys.argv[1] == "health":
                health_pb2_grpc.add_HealthServicer_to_server(states, server)
            states.set("shop.Cart", health_pb2.HealthCheckResponse.NOT_SERVING)
            states.set("shop.Pay", health_pb2.HealthCheckResponse.SERVING)
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            open(sys.argv[2] + ".new", "w").write(str(port))
            import os; os.rename(sys.argv[2] + ".new", sys.argv[2])
            time.sleep(600)
            """,
            to: "server.py"
        )
        let port = try serve("health", scratch)
        #expect(try problem("http://127.0.0.1:\(port.number)") == nil)
        #expect(try problem("http://127.0.0.1:\(port.number)", service: "shop.Pay") == nil)
        let cart = try problem("http://127.0.0.1:\(port.number)", service: "shop.Cart")
        #expect(cart == "service unhealthy (responded with \"NOT_SERVING\")")
        let unknown = try problem(
            "http://127.0.0.1:\(port.number)",
            service: String(repeating: "x", count: 300)
        )
        #expect(unknown?.hasPrefix("error: health rpc probe failed: code 5: ") == true)
        kill(port.server, SIGKILL)
        waitpid(port.server, nil, 0)
        let other = try serve("nothing", scratch)
        let missing = try problem("http://127.0.0.1:\(other.number)")
        #expect(missing?.hasPrefix("error: this server does not implement the grpc health protocol") == true)
        kill(other.server, SIGKILL)
        waitpid(other.server, nil, 0)
    }

    private func serve(_ what: String, _ scratch: ScratchDirectory) throws -> (number: String, server: Int32)
    {
        let file = scratch.path("port-\(what)")
        let server = try ChildProcess(
            try #require(Self.python),
            [scratch.path("server.py"), what, file],
            CurrentProcess.environment,
            descriptors: []
        ).pid
        while true {
            if let bytes = try? FileReader.read(path: file).get() {
                return (String(decoding: bytes, as: UTF8.self), server)
            }
            try #require(waitpid(server, nil, WNOHANG) == 0)
            usleep(10_000)
        }
    }
}
