// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// A request's head as its exchange keeps it, with all that is known of the request, in a block that nobody else writes to.
///
/// Every slice of ``facts`` points into that block or to memory that outlives the worker: what a request's fields say stays
/// true until its exchange ends, whatever is read, written and parsed meanwhile.
struct KeptRequest {
    let head: RequestHead
    private let block: Block
    /// The head as it was received.
    let bytes: UnsafeRawBufferPointer
    /// The head's fields as they were parsed, with those marked that are not passed on.
    let fields: BorrowedList<Field>
    /// Ports and times are for the worker to fill in; slices are not.
    var facts = RequestFacts()
    /// The path can be normalised. Where it cannot, it stands in ``facts`` as it came.
    let hasValidPath: Bool
    /// Where there is room in the block for a key that the proxy makes.
    private let keyStart: Int

    /// Copies a parsed head, whose bytes `received` begins with.
    init(
        _ head: RequestHead,
        of received: UnsafeRawBufferPointer,
        _ parsed: borrowing FieldTable,
        from peer: borrowing PeerAddress,
        in pool: inout BlockPool
    ) {
        let layout = Layout(head, fieldCount: parsed.count)
        let block = pool.take(layout.byteCount)
        let memory = UnsafeMutableRawBufferPointer(start: block.base, count: layout.byteCount)
        memory.part(layout.bytes).copyMemory(from: UnsafeRawBufferPointer(rebasing: received[..<head.length]))
        let bytes = UnsafeRawBufferPointer(memory.part(layout.bytes))
        let fields = parsed.copy(to: memory.part(layout.fields))
        let headers = memory.part(layout.headers).bindMemory(to: RequestHeader.self)
        for (index, field) in fields.enumerated() {
            let header = RequestHeader(
                name: ByteSlice(bytes[field.name]),
                value: ByteSlice(bytes[field.value])
            )
            headers.initializeElement(at: index, to: header)
        }
        self.head = head
        self.block = block
        keyStart = layout.key.lowerBound
        self.bytes = bytes
        self.fields = fields
        // Both lists lie in the block, which is this request's until its exchange ends.
        facts.headers = unsafe BorrowedList(UnsafeBufferPointer(headers))
        facts.method = ByteSlice(bytes[head.methodName])
        facts.scheme = Self.scheme
        facts.authority = ByteSlice(bytes[head.authority])
        facts.query = head.query.map { ByteSlice(bytes[$0]) } ?? ByteSlice()
        facts.version = head.minorVersion == 0 ? .http10 : .http11
        facts.sourceAddress = ByteSlice(peer.copy(to: memory.part(layout.peer)))
        facts.sourcePort = peer.port
        let path = Self.normalize(head, of: bytes, in: memory.part(layout.path))
        hasValidPath = path != nil
        facts.path = path ?? ByteSlice(bytes[head.path])
    }

    /// Stands for a TCP connection: nothing is known but where it comes from.
    init(connectionFrom peer: borrowing PeerAddress, in pool: inout BlockPool) {
        head = RequestHead()
        block = pool.take(PeerAddress.mostBytes)
        bytes = UnsafeRawBufferPointer(start: nil, count: 0)
        fields = BorrowedList()
        hasValidPath = true
        keyStart = 0
        let memory = UnsafeMutableRawBufferPointer(start: block.base, count: PeerAddress.mostBytes)
        facts.sourceAddress = ByteSlice(peer.copy(to: memory))
        facts.sourcePort = peer.port
    }

    /// Whether a gRPC client sent it, for whom statuses stand in other places.
    var isGRPC: Bool {
        facts.header(ByteSlice("content-type")).map { GRPCStatus.isGRPC(contentType: $0.value) } ?? false
    }

    /// Makes the value of cookies that the proxy sets for this request, where its user is known by such a cookie.
    mutating func makeKey(_ random: UInt64) {
        let memory = block.base + keyStart
        RouteHandle.writeGeneratedKey(random: random, to: memory)
        facts.generatedKey = ByteSlice(
            base: memory.assumingMemoryBound(to: UInt8.self),
            count: RouteHandle.generatedKeyCount
        )
    }

    /// Gives the memory back; nothing of the request may be looked at afterwards.
    func release(to pool: inout BlockPool) { pool.give(block) }

    private static var scheme: ByteSlice {
        let text: StaticString = "http"
        return ByteSlice(base: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    /// Writes the normalised path; `nil` where it is refused.
    private static func normalize(
        _ head: RequestHead,
        of bytes: UnsafeRawBufferPointer,
        in memory: UnsafeMutableRawBufferPointer
    ) -> ByteSlice? {
        let path = memory.bindMemory(to: UInt8.self)
        if head.path.isEmpty {
            // An absolute-form target without a path.
            path[0] = UInt8(ascii: head.method == .options && head.query == nil ? "*" : "/")
        } else {
            memory.copyMemory(from: bytes[head.path])
        }
        return PathNormalization.normalize(path).map { ByteSlice(base: path.baseAddress, count: $0) }
    }

    /// Where the parts lie in the block; those of the strictest alignment come first.
    private struct Layout {
        let headers: Range<Int>
        let fields: Range<Int>
        let bytes: Range<Int>
        let path: Range<Int>
        let peer: Range<Int>
        let key: Range<Int>

        var byteCount: Int { key.upperBound }

        init(_ head: RequestHead, fieldCount: Int) {
            headers = 0..<fieldCount &* MemoryLayout<RequestHeader>.stride
            fields = Self.next(fieldCount &* MemoryLayout<Field>.stride, after: headers)
            bytes = Self.next(head.length, after: fields)
            path = Self.next(max(Int(head.path.count), 1), after: bytes)
            peer = Self.next(PeerAddress.mostBytes, after: path)
            key = Self.next(RouteHandle.generatedKeyCount, after: peer)
        }

        private static func next(_ count: Int, after other: Range<Int>) -> Range<Int> {
            other.upperBound..<other.upperBound &+ count
        }
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate func part(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: self[range])
    }
}
