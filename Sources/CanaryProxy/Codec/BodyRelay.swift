// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// Passes bodies on: as they come where that is right, otherwise without what belongs to one connection only, and with
/// those trailers only that may be trailers.
struct BodyRelay: ~Copyable {
    struct Piece {
        /// How many bytes of the input were used. The rest waits for what is missing of the trailers, or follows the body.
        var used: Int
        /// What goes on: a part of the input, or of the relay's own memory, where it is valid until the next call.
        var bytes: ByteSlice
        var isLast: Bool
    }

    private let trailers: TrailerParser
    private var fields: FieldTable
    private var rewritten = ByteBuffer(capacity: 1024)
    /// The lines of the trailers of the chunked body that was read last, where it has ended.
    private var trailerLines = ByteBuffer(capacity: 256)

    init(mostFields: Int) {
        trailers = TrailerParser(mostFields: mostFields)
        fields = FieldTable(capacity: mostFields)
    }

    /// Follows a body through `bytes`. `changes` are the route's to the head: a trailer of such a name is left out, since it
    /// could undo them.
    mutating func pass(
        _ bytes: ByteSlice,
        through reader: inout BodyReader,
        except changes: BorrowedList<HeaderEdit>
    ) throws(Rejection) -> Piece {
        let before = reader
        let progress = reader.pass(bytes)
        switch progress {
        case .rejected(let rejection): throw rejection
        case .partial(let end): return piece(of: bytes, upTo: end, before, isLeaving: reader.leavesOut)
        case .finished(let end):
            var piece = piece(of: bytes, upTo: end, before, isLeaving: false)
            piece.isLast = true
            return piece
        case .trailers(let start):
            guard let end = try readTrailers(bytes, from: start, &reader, except: changes) else {
                return piece(of: bytes, upTo: start, before, isLeaving: reader.leavesOut)
            }
            let isChanged = reader.leavesOut || !hasAllFields
            var piece = piece(of: bytes, upTo: isChanged ? start : end, before, isLeaving: isChanged)
            if isChanged {
                piece.bytes = appendTrailers(of: bytes.slice(start, end))
            }
            piece.used = end
            piece.isLast = true
            takeTrailers(of: bytes.slice(start, end))
            return piece
        }
    }

    /// Takes over as lines what remains of a trailer section that was read.
    private mutating func takeTrailers(of section: ByteSlice) {
        trailerLines.truncate()
        if fields.count > 0 { trailerLines.appendFields(fields, of: section, end: section.count &- 2) }
    }

    /// Makes a chunk of `bytes`, which belong to a body that came without chunks and of no known length. The last one brings the
    /// lines of the trailers.
    mutating func chunk(
        _ bytes: ByteSlice,
        isLast: Bool = false,
        trailers: ByteSlice = ByteSlice()
    ) -> ByteSlice {
        rewritten.truncate()
        if bytes.count > 0 {
            rewritten.append(hexadecimal: UInt64(bytes.count))
            rewritten.append("\r\n")
            rewritten.append(bytes)
            rewritten.append("\r\n")
        }
        if isLast {
            rewritten.append("0\r\n")
            rewritten.append(trailers)
            rewritten.append("\r\n")
        }
        return rewritten.slice
    }

    /// The lines of the trailers of the chunked body that ended last, or of those taken over last; valid until
    /// either is called again.
    var trailerText: ByteSlice { trailerLines.slice }

    /// Takes trailers over that came as lines. `changes` as in ``pass(_:through:except:)``.
    mutating func take(trailers lines: ByteSlice, except changes: BorrowedList<HeaderEdit>) {
        trailerLines.truncate()
        guard !changes.isEmpty else { return trailerLines.append(lines) }
        var start = 0
        while let end = lines.firstIndex(of: ASCII.lineFeed, from: start) {
            let line = lines.slice(start, end &+ 1)
            let name = line.slice(0, line.firstIndex(of: ASCII.colon) ?? 0)
            if !changes.contains(where: { name.equalsIgnoringCase($0.name) }) { trailerLines.append(line) }
            start = end &+ 1
        }
    }

    /// Takes the data out of a chunked body, for a client that knows no chunks. `changes` as in ``pass(_:through:except:)``.
    mutating func data(
        of bytes: ByteSlice,
        through reader: inout BodyReader,
        except changes: BorrowedList<HeaderEdit>
    ) throws(Rejection) -> Piece {
        trailerLines.truncate()
        var position = 0
        rewritten.truncate()
        while true {
            switch reader.nextPiece(bytes, from: &position) {
            case .data(let range): rewritten.append(bytes[range])
            case .framing: break
            case .needsMore: return Piece(used: position, bytes: rewritten.slice, isLast: false)
            case .trailers(let start):
                let end = try readTrailers(bytes, from: start, &reader, except: changes)
                if let end { takeTrailers(of: bytes.slice(start, end)) }
                return Piece(used: end ?? start, bytes: rewritten.slice, isLast: end != nil)
            case .rejected(let rejection): throw rejection
            }
        }
    }

    /// The end of the trailer section that begins at `start`, or `nil` when bytes are missing.
    private mutating func endOfTrailers(
        _ bytes: ByteSlice,
        from start: Int,
        _ reader: inout BodyReader
    ) throws(Rejection) -> Int? {
        let section = bytes.from(start)
        switch trailers.parse(section, after: &reader.trailerProgress, into: &fields) {
        case .incomplete: return nil
        case .rejected(let rejection): throw rejection
        case .complete(let length): return start &+ length
        }
    }

    private mutating func readTrailers(
        _ bytes: ByteSlice,
        from start: Int,
        _ reader: inout BodyReader,
        except changes: BorrowedList<HeaderEdit>
    ) throws(Rejection) -> Int? {
        let end = try endOfTrailers(bytes, from: start, &reader)
        guard end != nil, fields.count > 0, !changes.isEmpty else { return end }
        let section = bytes.from(start)
        for index in 0..<fields.count {
            let name = section[fields[index].name]
            if changes.contains(where: { name.equalsIgnoringCase($0.name) }) { fields.drop(index) }
        }
        return end
    }

    private var hasAllFields: Bool {
        for index in 0..<fields.count where fields[index].isDropped { return false }
        return true
    }

    private mutating func piece(
        of bytes: ByteSlice,
        upTo end: Int,
        _ reader: BodyReader,
        isLeaving: Bool
    ) -> Piece {
        let input = bytes.slice(0, end)
        guard isLeaving else { return Piece(used: end, bytes: input, isLast: false) }
        var reader = reader
        var position = 0
        rewritten.truncate()
        while position < end {
            switch reader.nextPiece(input, from: &position) {
            case .data(let range), .framing(let range): rewritten.append(input[range])
            case .needsMore, .trailers, .rejected: position = end
            }
        }
        return Piece(used: end, bytes: rewritten.slice, isLast: false)
    }

    /// Adds the fields that remain, and the empty line that ends the message.
    private mutating func appendTrailers(of section: ByteSlice) -> ByteSlice {
        rewritten.appendFields(fields, of: section, end: section.count &- 2)
        rewritten.append("\r\n")
        return rewritten.slice
    }
}

extension BorrowedList<HeaderEdit> {
    static var none: Self { Self() }
}
