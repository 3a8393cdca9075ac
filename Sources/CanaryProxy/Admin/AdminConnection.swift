// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanarySystem
import Glibc

/// Reads one request of an admin connection, answers it, and is done.
struct AdminConnection {
    /// Milliseconds for reading the request, and for sending the answer.
    private static let patience = 5

    let descriptor: Int32
    /// Came in by the Unix socket.
    let isPrivate: Bool
    let shared: ProxyShared
    let handOver: AdminServer.HandOverHandler?

    struct Answer {
        var status: Int32
        var type = "text/plain; charset=utf-8"
        var body: String
    }

    func serve() {
        Socket.setPatience(Self.patience, descriptor)
        guard let request = readRequest() else { return }
        if let handOver, isPrivate, request.isAcceptable, request.method == "POST",
            request.path == TakeOver.path
        {
            return handOver(descriptor)
        }
        send(answer(request), withBody: request.method != "HEAD")
        shutdown(descriptor, Int32(SHUT_WR))
    }

    private struct Request {
        var method: String
        var path: String
        var authority: String
        var isAcceptable = true
    }

    private func readRequest() -> Request? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        let deadline = Clock.monotonicNanoseconds() + UInt64(Self.patience) * 1_000_000_000
        var fields = FieldTable(capacity: 100)
        var progress = HeadProgress()
        while bytes.count < 65_536, Clock.monotonicNanoseconds() < deadline {
            let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            bytes += chunk[..<count]
            var head = RequestHead()
            let outcome = bytes.withSlice {
                RequestParser().parse($0, after: &progress, into: &head, fields: &fields)
            }
            switch outcome {
            case .incomplete: continue
            case .rejected: return Request(method: "", path: "", authority: "", isAcceptable: false)
            case .complete:
                func text(_ range: ByteRange) -> String {
                    String(decoding: bytes[range.lower..<range.upper], as: UTF8.self)
                }
                return Request(
                    method: text(head.methodName),
                    path: text(head.path),
                    authority: text(head.authority)
                )
            }
        }
        return nil
    }

    private func answer(_ request: Request) -> Answer {
        guard request.isAcceptable else { return Answer(status: 400, body: "malformed request\n") }
        guard isPrivate || Self.isLocal(request.authority) else {
            return Answer(status: 403, body: "foreign host\n")
        }
        if request.method == "POST", isPrivate, request.path == "/drain" {
            shared.publish { publication in
                publication.isDraining = true
                publication.keepsResting = false
            }
            return Answer(status: 200, body: "draining\n")
        }
        guard request.method == "GET" || request.method == "HEAD" else {
            return Answer(status: 405, body: "only GET and HEAD\n")
        }
        let pages = AdminPages(shared: shared)
        switch request.path {
        case "/ready": return pages.ready()
        case "/stats/prometheus": return pages.prometheus()
        case "/config_dump": return pages.configuration()
        case "/clusters": return pages.clusters()
        case "/": return Answer(status: 200, body: pages.index)
        default:
            let prefix = ProxyInquiry.path
            guard request.path.hasPrefix(prefix) else { return Answer(status: 404, body: "no such page\n") }
            // Conditions on headers may hold what lets somebody in, and every user of the machine gets at a port.
            guard isPrivate else {
                return Answer(
                    status: 403,
                    body: "told over the proxy's own socket alone: canaryctl proxy-config\n"
                )
            }
            return pages.served(request.path.dropFirst(prefix.count))
                ?? Answer(status: 404, body: "no such page\n")
        }
    }

    /// A page of another site that resolves to this machine (DNS rebinding) names itself in Host.
    static func isLocal(_ authority: String) -> Bool {
        var host = authority.lowercased()
        if let colon = host.lastIndex(of: ":"), host[host.index(after: colon)...].allSatisfy(\.isNumber) {
            host = String(host[..<colon])
        }
        return ["localhost", "127.0.0.1", "[::1]"].contains(host)
    }

    private func send(_ answer: Answer, withBody: Bool) {
        var text =
            "HTTP/1.1 \(answer.status) \(StatusText.reason(answer.status))\r\ncontent-type: \(answer.type)\r\n"
        text += "content-length: \(answer.body.utf8.count)\r\ncache-control: no-store\r\n"
        text += "x-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
        if withBody { text += answer.body }
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let sent = bytes.withSlice { Socket.send(descriptor, $0.from(start)) }
            guard case .moved(let count) = sent else { return }
            start += count
        }
    }
}
