// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources
import CanaryRouting

/// A request's head as its exchange keeps it, with all that is known of the request, in a block that nobody else writes to.
///
/// Every slice of ``facts`` points into that block or to memory that outlives the worker: what a request's fields say stays
/// true until its exchange ends, whatever is read, written and parsed meanwhile.
struct KeptRequest {
    let head: RequestHead
    private let block: Block
    /// The head as it was received.
    let bytes: ByteSlice
    /// The head's fields as they were parsed, with those marked that are not passed on.
    let fields: BorrowedList<Field>
    /// Ports and times are for the worker to fill in; slices are not.
    var facts = RequestFacts()
    /// What upstreams are told of the client's certificate, which was believed; empty without one.
    let clientCertificate: ByteSlice
    /// The address of the client's connection, as text; that of the request is among ``facts``.
    let peerAddress: ByteSlice
    var trust = ClientTrust()
    /// The path can be normalised. Where it cannot, it stands in ``facts`` as it came.
    let hasValidPath: Bool
    /// Whether a gRPC client sent it, for whom statuses stand in other places.
    private(set) var isGRPC = false
    /// Where there is room in the block for a key that the proxy makes.
    private let keyStart: Int

    private static var contentType: ByteSlice { ByteSlice("content-type") }

    /// Copies a parsed head, whose bytes `received` begins with.
    init(
        _ head: RequestHead,
        of received: ByteSlice,
        _ parsed: borrowing FieldTable,
        from peer: borrowing PeerAddress,
        certificate: ByteSlice = ByteSlice(),
        in pool: inout BlockPool
    ) {
        let layout = Layout(head, fieldCount: parsed.count, certificate.count)
        // The parts lie side by side in the block, which has room for all and is this request's until its exchange ends.
        let block = pool.take(layout.byteCount)
        let memory = unsafe UnsafeMutableRawBufferPointer(start: block.base, count: layout.byteCount)
        let bytes = unsafe memory.part(layout.bytes).copy(received.slice(0, head.length))
        let fields = unsafe parsed.copy(to: memory.part(layout.fields))
        let headers = unsafe memory.part(layout.headers).bindMemory(to: RequestHeader.self)
        var headerCount = 0
        // What is for Envoy is no word of a client's: it is not passed on, and Envoy matches no route by it either.
        for field in fields where field.known != .envoyControl {
            let header = RequestHeader(name: bytes[field.name], value: bytes[field.value])
            unsafe headers.initializeElement(at: headerCount, to: header)
            headerCount &+= 1
            // Lengths differ, mostly: others cost no more than to tell that.
            guard header.name.count == Self.contentType.count else { continue }
            if header.name.equalsIgnoringCase(Self.contentType) {
                isGRPC = GRPCStatus.isGRPC(contentType: header.value)
            }
        }
        self.head = head
        self.block = block
        keyStart = layout.key.lowerBound
        self.bytes = bytes
        self.fields = fields
        facts.headers = unsafe BorrowedList(UnsafeBufferPointer(rebasing: headers[..<headerCount]))
        facts.method = bytes[head.methodName]
        facts.scheme = ByteSlice("http")
        facts.authority = bytes[head.authority]
        facts.query = head.query.map { bytes[$0] } ?? ByteSlice()
        facts.version = head.isHTTP2 ? .http2 : head.minorVersion == 0 ? .http10 : .http11
        peerAddress = unsafe peer.copy(to: memory.part(layout.peer))
        facts.sourceAddress = peerAddress
        facts.sourcePort = peer.port
        clientCertificate = unsafe memory.part(layout.certificate).copy(certificate)
        let path = unsafe Self.normalize(head, of: bytes, in: memory.part(layout.path))
        hasValidPath = path != nil
        facts.path = path ?? bytes[head.path]
    }

    /// Stands for a TCP connection: nothing is known but where it comes from.
    init(connectionFrom peer: borrowing PeerAddress, in pool: inout BlockPool) {
        head = RequestHead()
        block = pool.take(PeerAddress.mostBytes)
        bytes = ByteSlice()
        fields = BorrowedList()
        hasValidPath = true
        clientCertificate = ByteSlice()
        keyStart = 0
        let memory = unsafe UnsafeMutableRawBufferPointer(start: block.base, count: PeerAddress.mostBytes)
        peerAddress = unsafe peer.copy(to: memory)
        facts.sourceAddress = peerAddress
        facts.sourcePort = peer.port
    }

    /// Whether an answer of HTTP/1.1 would grant a protocol that was asked for over a stream, where any 2xx does (RFC 8441, 5),
    /// though only 101 grants it in HTTP/1.1.
    func wouldGrant(_ answer: ResponseHead) -> Bool {
        head.isHTTP2 && head.upgrade != nil && answer.status < 300
    }

    /// Makes the value of cookies that the proxy sets for this request, where its user is known by such a cookie.
    mutating func makeKey(_ random: UInt64) {
        let memory = unsafe block.base + keyStart
        unsafe RouteHandle.writeGeneratedKey(random: random, to: memory)
        facts.generatedKey = unsafe ByteSlice(
            base: memory.assumingMemoryBound(to: UInt8.self),
            count: RouteHandle.generatedKeyCount
        )
    }

    /// Gives the memory back; nothing of the request may be looked at afterwards.
    func release(to pool: inout BlockPool) { pool.give(block) }

    /// Writes the normalised path; `nil` where it is refused.
    private static func normalize(
        _ head: RequestHead,
        of bytes: ByteSlice,
        in memory: UnsafeMutableRawBufferPointer
    ) -> ByteSlice? {
        let path = unsafe memory.bindMemory(to: UInt8.self)
        if head.path.isEmpty {
            // An absolute-form target without a path.
            unsafe path[0] = UInt8(ascii: head.method == .options && head.query == nil ? "*" : "/")
        } else {
            _ = unsafe memory.copy(bytes[head.path])
        }
        return unsafe PathNormalization.normalize(path).map {
            unsafe ByteSlice(base: path.baseAddress, count: $0)
        }
    }

    /// Where the parts lie in the block; those of the strictest alignment come first.
    private struct Layout {
        let headers: Range<Int>
        let fields: Range<Int>
        let bytes: Range<Int>
        let path: Range<Int>
        let peer: Range<Int>
        let key: Range<Int>
        let certificate: Range<Int>

        var byteCount: Int { certificate.upperBound }

        init(_ head: RequestHead, fieldCount: Int, _ certificateCount: Int) {
            headers = 0..<fieldCount &* MemoryLayout<RequestHeader>.stride
            fields = Self.next(fieldCount &* MemoryLayout<Field>.stride, after: headers)
            bytes = Self.next(head.length, after: fields)
            path = Self.next(max(Int(head.path.count), 1), after: bytes)
            peer = Self.next(PeerAddress.mostBytes, after: path)
            key = Self.next(RouteHandle.generatedKeyCount, after: peer)
            certificate = Self.next(certificateCount, after: key)
        }

        private static func next(_ count: Int, after other: Range<Int>) -> Range<Int> {
            other.upperBound..<other.upperBound &+ count
        }
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate func part(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(rebasing: self[range])
    }

    /// Copies bytes to the beginning; where they are now.
    fileprivate func copy(_ bytes: ByteSlice) -> ByteSlice {
        unsafe copyMemory(from: UnsafeRawBufferPointer(bytes.bytes))
        return unsafe ByteSlice(start: baseAddress, count: bytes.count)
    }
}
