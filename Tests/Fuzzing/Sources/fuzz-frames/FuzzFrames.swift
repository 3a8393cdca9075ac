// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting
@testable import CanaryProxy

/// Reads what a client of HTTP/2 sends behind the preface: the same however the bytes arrive; heads that are taken could stand in a
/// message of HTTP/1.1, and what is kept is bounded. The first byte says how the rest is cut.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzFrames(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 1 else { return 0 }
    let input = ByteSlice(UnsafeBufferPointer(start: start + 1, count: count - 1))
    let whole = Frames.read(input, piece: .max)
    let cut = Frames.read(input, piece: Int(start[0] & 63) + 1)
    // Of a broken rule nghttp2 tells sooner where it comes in pieces: what counts is what was made of all before.
    precondition(whole.heads == cut.heads, "the pieces say what the whole does not: \(whole) \(cut)")
    for head in whole.heads {
        let text = String(decoding: head.lines, as: UTF8.self)
        precondition(head.isClean, "a head that HTTP/1.1 could not have: \(text.debugDescription)")
    }
    return 0
}

/// What a session makes of a client's bytes.
private struct Frames {
    struct Head: Equatable {
        var lines: [UInt8]
        var status: Int
    }

    private(set) var heads: [Head] = []
    private(set) var hasFailed = false
    private(set) var isLeaving = false

    static func read(_ input: ByteSlice, piece: Int) -> Frames {
        var clients = Slab<Downstream>(chunkCount: 1)
        let client = clients.take(Downstream(.plain(-1), listener: 0, peer: PeerAddress(.unspecified)))
        defer { clients.give(client) }
        guard let session = HTTP2Session.make(client.registration, HeadLimits()) else { return Frames() }
        defer { session.free() }
        var reading = Frames()
        var table = FieldTable(capacity: HeadLimits().fields)
        var random = RandomSource()
        for part in [HTTP2Session.preface, input] {
            var used = 0
            while used < part.count, !reading.hasFailed {
                let end = piece < part.count - used ? used + piece : part.count
                let count = session.pointee.receive(part.slice(used, end))
                reading.hasFailed = count == 0
                used += count
                reading.look(at: session, &table, &random)
            }
        }
        reading.isLeaving = session.pointee.isLeaving
        var output = ByteBuffer(capacity: 65_536)
        session.pointee.write(to: &output, limit: 65_536)
        return reading
    }

    /// Does what a worker does behind each frame, but that nobody answers.
    private mutating func look(
        at session: HTTP2SessionPointer,
        _ table: inout FieldTable,
        _ random: inout RandomSource
    ) {
        let intake = session.pointee.intake
        if let stream = intake.pointee.begun {
            intake.pointee.begun = nil
            take(stream, intake, &table, &random)
            intake.pointee.head.reset()
        }
        while let stream = intake.pointee.takeNews() {
            if stream.pointee.isUnsendable { session.pointee.reset(stream) }
            if stream.pointee.isClosed { session.pointee.giveUp(stream) }
        }
        precondition(intake.pointee.streams.count <= Int(HTTP2Session.Bound.streams) + 1, "too many streams")
    }

    private mutating func take(
        _ stream: HTTP2StreamPointer,
        _ intake: SlabPointer<HTTP2Intake>,
        _ table: inout FieldTable,
        _ random: inout RandomSource
    ) {
        var head = RequestHead()
        do throws(Rejection) {
            let isWhole = stream.pointee.hasEnded
            try intake.pointee.head.finish(isWhole: isWhole, &random, into: &head, &table)
            // A key that is drawn for a WebSocket is another each time.
            let lines = head.upgrade == nil ? Array(intake.pointee.head.bytes.slice(0, head.length)) : []
            heads.append(Head(lines: lines, status: 0))
        } catch {
            heads.append(Head(lines: [], status: Int(error.status)))
        }
    }
}

extension Frames.Head {
    /// Whether each line ends as it has to, and nowhere else.
    fileprivate var isClean: Bool {
        guard status == 0, !lines.isEmpty else { return true }
        var previous: UInt8 = 0
        for byte in lines {
            if byte == 0 || byte == 10 && previous != 13 || previous == 13 && byte != 10 { return false }
            previous = byte
        }
        // An empty line ends it, and none stands before.
        let ends = lines.indices.dropLast(3).filter { Array(lines[$0..<$0 + 4]) == [13, 10, 13, 10] }
        return ends == [lines.count - 4]
    }
}
