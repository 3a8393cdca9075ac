// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import Glibc

@testable import CanaryProxy

/// How one end of a connection sends a body, or receives it.
enum SendingPace: CaseIterable {
    case fast
    /// In small pieces.
    case slow
    /// A lot, then nothing until it arrived.
    case bursts
}

enum ReceivingPace: CaseIterable {
    case fast
    /// In small pieces, from a small window.
    case slow
    /// Not at all, until the sender can't go on; again and again.
    case stopping

    /// The kernel's buffer, in bytes; 0 is as it is.
    var buffer: Int32 { self == .slow ? 16_384 : 0 }
}

/// One end of a connection that sends and checks bodies of ``FlowBody``. One thread may send while another receives.
final class FlowConnection: @unchecked Sendable {
    let descriptor: Int32
    // Only touched by the thread that receives.
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 262_144, alignment: 8)
    private var start = 0
    private var end = 0
    private let receiving: ReceivingPace

    init(descriptor: Int32, receiving: ReceivingPace) {
        self.descriptor = descriptor
        self.receiving = receiving
        var time = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        Socket.disableDelay(descriptor)
    }

    convenience init(to address: String, receiving: ReceivingPace) throws {
        let connection = try TestConnection(to: address, receiveBuffer: receiving.buffer)
        let copy = dup(connection.descriptor)
        self.init(descriptor: copy, receiving: receiving)
    }

    deinit {
        buffer.deallocate()
        close(descriptor)
    }

    // MARK: - Sending

    func send(_ text: String) throws {
        var text = text
        try text.withUTF8 { try send(ByteSlice($0), nil) }
    }

    private func send(_ bytes: ByteSlice, _ gate: FlowGate?) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.send(
                descriptor,
                rest.base,
                rest.count,
                Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
            )
            if count >= 0 {
                rest = rest.from(count)
                continue
            }
            guard errno == EAGAIN else { throw FlowFailure.ended(errno: errno) }
            gate?.setStuck(true)
            var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&watched, 1, 60_000) == 1 else { throw FlowFailure.stalled }
            gate?.setStuck(false)
        }
    }

    /// Sends a body, in chunks or as it is.
    func sendBody(_ number: Int, _ size: Int, chunked: Bool, _ pace: SendingPace, _ gate: FlowGate) throws {
        gate.setStuck(false)
        defer { gate.setStuck(true) }
        let step = pace == .slow ? 3001 : pace == .fast ? 262_144 : 200_000
        var offset = 0
        while offset < size {
            let piece = FlowBody.piece(of: number, at: offset, min(step, size - offset))
            gate.didSend(piece.count)
            if chunked { try send(String(piece.count, radix: 16) + "\r\n") }
            try send(piece, gate)
            if chunked { try send("\r\n") }
            offset += piece.count
            switch pace {
            case .fast: break
            case .slow: sched_yield()
            case .bursts: try gate.waitUntilReceived()
            }
        }
        if chunked { try send("0\r\n\r\n") }
    }

    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    // MARK: - Receiving

    /// `false` at the connection's end.
    private func fill() throws -> Bool {
        if start == end { (start, end) = (0, 0) }
        if end == buffer.count, start > 0 {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
            (start, end) = (0, end - start)
        }
        guard end < buffer.count else { throw FlowFailure.unexpected("a line that is too long") }
        let room = min(buffer.count - end, receiving == .slow ? 3001 : buffer.count)
        let count = recv(descriptor, buffer.baseAddress.map { $0 + end }, room, 0)
        guard count >= 0 else { throw errno == EAGAIN ? FlowFailure.stalled : .ended(errno: errno) }
        end += count
        return count > 0
    }

    private func line() throws -> String {
        var scanned = start
        while true {
            while scanned < end, buffer[scanned] != 10 { scanned += 1 }
            if scanned < end { break }
            let held = scanned - start
            guard try fill() else { throw FlowFailure.ended(errno: 0) }
            scanned = start + held
        }
        defer { start = scanned + 1 }
        let text = String(decoding: buffer[start..<scanned], as: UTF8.self)
        return text.hasSuffix("\r") ? String(text.dropLast()) : text
    }

    /// The lines of a head without the empty one; `nil` where the peer sends nothing more.
    func head() throws -> [String]? {
        if start == end, try !fill() { return nil }
        var lines: [String] = []
        while true {
            let next = try line()
            if next.isEmpty { return lines }
            lines.append(next)
        }
    }

    /// Receives a body of this size by what its head says of the framing, and compares every byte.
    func receiveBody(_ number: Int, _ size: Int, after head: [String], _ gate: FlowGate) throws {
        let fields = head.map { $0.lowercased() }
        if fields.contains("transfer-encoding: chunked") {
            var offset = 0
            while let count = Int(try line(), radix: 16), count > 0 {
                try receive(number, offset..<offset + count, gate)
                offset += count
                guard try line().isEmpty else { throw FlowFailure.unexpected("no line behind a chunk") }
            }
            guard try line().isEmpty else { throw FlowFailure.unexpected("trailers") }
            guard offset == size else { throw FlowFailure.wrongLength(offset) }
        } else if let length = fields.first(where: { $0.hasPrefix("content-length: ") }) {
            guard length.dropFirst(16) == "\(size)" else { throw FlowFailure.unexpected(length) }
            try receive(number, 0..<size, gate)
        } else {
            try receive(number, 0..<size, gate)
            try expectEnd()
        }
    }

    /// Receives a part of a body, and compares every byte.
    func receive(_ number: Int, _ range: Range<Int>, _ gate: FlowGate) throws {
        var offset = range.lowerBound
        var untilStop = 0
        while offset < range.upperBound {
            if receiving == .stopping, untilStop <= 0 {
                try gate.waitUntilStuck()
                untilStop = 300_000
            }
            if start == end, try !fill() { throw FlowFailure.wrongLength(offset) }
            let count = min(end - start, range.upperBound - offset)
            let piece = ByteSlice(start: buffer.baseAddress.map { $0 + start }, count: count)
            guard FlowBody.isPiece(piece, of: number, at: offset) else {
                throw FlowFailure.wrongBytes(number: number, offset: offset)
            }
            start += count
            offset += count
            untilStop -= count
            gate.didReceive(count)
            if receiving == .slow { sched_yield() }
        }
    }

    func expectEnd() throws {
        if start < end { throw FlowFailure.unexpected("bytes behind the end") }
        if try fill() { throw FlowFailure.unexpected("bytes behind the end") }
    }
}
