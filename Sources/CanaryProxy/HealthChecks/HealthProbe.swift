// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanarySystem
import Glibc

/// One check that is under way: a connection, and for HTTP a request and the beginning of its answer. Belongs to one thread.
final class HealthProbe {
    enum Progress: Equatable {
        case waiting
        /// `nil` for well.
        case ended(failure: String?)
    }

    private enum Stage { case connecting, sending, reading }

    /// A status line that is longer is none.
    private static let mostBytes = 1024
    /// `HTTP/1.1 200`.
    private static let leastBytes = 12

    let target: HealthCheckTarget
    /// When the check has failed, in milliseconds of the caller's clock.
    let deadline: Int64
    let descriptor: Int32
    private var stage = Stage.connecting
    private var request: [UInt8] = []
    private var answer: [UInt8] = []

    /// Begins a check; throws why it failed at once.
    init(_ target: HealthCheckTarget, now: Int64) throws(SystemCallError) {
        self.target = target
        deadline = now + target.policy.timeoutMilliseconds
        guard let address = SocketAddress(host: target.address.host, port: target.address.port) else {
            throw SystemCallError(EINVAL)
        }
        let (descriptor, _, reason) = Socket.connect(to: address)
        if let reason { throw SystemCallError(reason) }
        self.descriptor = descriptor
        if case .http(let path) = target.policy.kind {
            let lines = [
                "GET \(path) HTTP/1.1", "Host: \(target.address.description)",
                "User-Agent: canaryctl-health-check", "Accept: */*", "Connection: close", "", "",
            ]
            request = Array(lines.joined(separator: "\r\n").utf8)
        }
    }

    deinit {
        close(descriptor)
    }

    /// What the socket has to be ready for.
    var events: Int16 { Int16(stage == .reading ? POLLIN : POLLOUT) }

    /// Goes on once the socket is ready.
    func advance() -> Progress {
        if stage == .connecting {
            let reason = Socket.pendingError(descriptor)
            guard reason == 0 else { return .ended(failure: SystemCallError(reason).reason) }
            guard !request.isEmpty else { return .ended(failure: nil) }
            stage = .sending
        }
        return stage == .sending ? send() : receive()
    }

    private func send() -> Progress {
        switch request.withSlice({ Socket.send(descriptor, $0) }) {
        case .moved(let count): request.removeFirst(count)
        case .wouldBlock: return .waiting
        case .ended, .failed: return .ended(failure: "it closed the connection")
        }
        if request.isEmpty { stage = .reading }
        return .waiting
    }

    private func receive() -> Progress {
        let room = Self.mostBytes
        var transfer = Transfer.wouldBlock
        let chunk = unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            transfer = unsafe Socket.receive(descriptor, base, room)
            if case .moved(let moved) = transfer { count = moved }
        }
        switch transfer {
        case .wouldBlock: return .waiting
        case .ended, .failed: return .ended(failure: "it closed the connection without an answer")
        case .moved: break
        }
        answer += chunk
        guard answer.count >= Self.leastBytes else { return .waiting }
        return .ended(failure: Self.failure(of: answer))
    }

    /// `nil` for an answer that means well.
    static func failure(of answer: [UInt8]) -> String? {
        let words = String(decoding: answer.prefix(leastBytes), as: UTF8.self).split(separator: " ")
        guard words.count == 2, words[0].hasPrefix("HTTP/1."), words[1].utf8.count == 3,
            let status = Int(words[1])
        else { return "the answer is not HTTP/1" }
        return 200...399 ~= status ? nil : "status \(status)"
    }
}
