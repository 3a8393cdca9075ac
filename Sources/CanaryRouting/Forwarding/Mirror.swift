// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

/// A destination that gets copies of a route's requests.
struct MirrorRecord: BitwiseCopyable {
    var chance: Chance
    var destination: Borrowed<DestinationRecord>
}

extension RouteHandle {
    /// How many destinations may get a copy of a request.
    package var mirrorCount: Int { mirrors.count }

    /// The destination of the copy with this index; `nil` where this request has none. The copy is the request as it is sent to
    /// the chosen destination, header changes and rewrite included, but for its authority: see
    /// ``ByteBuffer/append(shadowAuthority:)``. Nobody waits for its answer, and it is never retried.
    ///
    /// One `random` number, uniform over all 64-bit values, stands for the request: mirrors of one percentage copy the same
    /// requests, as Envoy's do, which draws by the id of the stream.
    package func mirror(_ index: Int, port: Int32, random: UInt64) -> DestinationHandle? {
        let mirrors = mirrors
        guard mirrors.indices.contains(index), mirrors[index].chance.happens(random) else { return nil }
        return DestinationHandle(mirrors[index].destination, port: port)
    }
}

extension RouteHandle {
    private var mirrors: BorrowedList<MirrorRecord> { record.pointee.mirrors }
}

extension RouteRecord {
    var mirrors: BorrowedList<MirrorRecord> { interventions?.pointee.mirrors ?? BorrowedList() }
}

extension ByteBuffer {
    /// Appends the authority of a copy: `-shadow` behind the host, before the port (Envoy's `ShadowWriterImpl`).
    package mutating func append(shadowAuthority authority: ByteSlice) {
        var port = authority.count
        var index = authority.count
        while index > 0 {
            index -= 1
            if authority[index] == UInt8(ascii: "]") { break }
            guard authority[index] == UInt8(ascii: ":") else { continue }
            port = index
            break
        }
        append(authority.slice(0, port))
        append("-shadow")
        append(authority.from(port))
    }
}
