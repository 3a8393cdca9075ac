// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// The client's end of an HTTP/1 connection: puts requests on it, one after the other, and reads the answers.
struct HTTP1Client {
    private var progress = HeadProgress()
    private var body = BodyReader(.none)
    /// How the present answer's body ends.
    private(set) var framing = BodyFraming.none
    /// The upstream lets the connection be used again behind the present answer.
    private(set) var persists = false

    // MARK: - Requests

    /// Writes what stands before a request's target.
    static func beginHead(_ method: ByteSlice, to output: inout ByteBuffer) {
        output.append(method)
        output.append(" ")
    }

    /// Writes what stands between target and authority.
    static func separateAuthority(to output: inout ByteBuffer) { output.append(" HTTP/1.1\r\nhost: ") }

    /// Writes what follows the authority.
    static func beginLines(to output: inout ByteBuffer) { output.append("\r\n") }

    /// Writes what follows the lines of a request's head, whose body ends as `framing` says.
    static func endHead(_ framing: BodyFraming, switchingTo upgrade: ByteSlice, to output: inout ByteBuffer) {
        output.appendUpgrade(upgrade)
        if framing == .chunked { output.append("transfer-encoding: chunked\r\n") }
        output.append("\r\n")
    }

    // MARK: - Answers

    /// Reads an answer's head, of which more may be there than the last time.
    mutating func readHead(
        _ bytes: ByteSlice,
        _ limits: HeadLimits,
        method: RequestMethod,
        into head: inout ResponseHead,
        _ fields: inout FieldTable
    ) -> ParseOutcome {
        ResponseParser(limits: limits).parse(
            bytes,
            after: &progress,
            method: method,
            into: &head,
            fields: &fields
        )
    }

    /// An answer begins whose head was read.
    mutating func begin(_ head: ResponseHead) {
        body = BodyReader(head.framing)
        framing = head.framing
        persists = head.keepsAlive
    }

    /// Reads a piece of the answer's body in the form that the other end wants.
    mutating func readBody(
        _ bytes: ByteSlice,
        as form: BodyForm,
        _ relay: inout BodyRelay,
        except changes: BorrowedList<HeaderEdit>
    ) throws(Rejection) -> BodyRelay.Piece {
        if framing == .chunked, form == .data {
            return try relay.data(of: bytes, through: &body, except: changes)
        }
        return try relay.pass(bytes, through: &body, except: changes)
    }
}
