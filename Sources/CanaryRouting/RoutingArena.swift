// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

/// Memory for the compiled form of one host: written once, then only read.
///
/// Everything that the request path touches lives here as plain values reached by pointers, so that a request costs
/// neither allocations nor reference counts.
///
/// `@unchecked Sendable`: compilation writes to it from one task before anybody else knows it; afterwards nothing
/// changes until the last reference goes away.
///
/// `@safe`: memory is given out once, and what leads there knows of the arena's end by its loan.
@safe package final class RoutingArena: @unchecked Sendable {
    private var chunks: [UnsafeMutableRawPointer] = unsafe []
    private var next: UnsafeMutableRawPointer?
    private var left = 0
    private let loan = Loan()
    private var expressions: [RegularExpression] = []
    private var registry: CounterRegistry?
    private var counters: [UInt32] = []
    private var leases: [IdentifierLease] = []
    private var tables: [EndpointHashTable] = []
    private var clusters: [SharedCluster] = []
    private var settings: [UpstreamTLS] = []

    private static let chunkSize = 1024
    private static let alignment = 16

    package init() {}

    deinit {
        registry?.release(counters)
        loan.end()
        unsafe chunks.forEach { unsafe $0.deallocate() }
    }

    /// Copies values; an empty collection needs no memory.
    package func store<Value: BitwiseCopyable>(_ values: [Value]) -> BorrowedList<Value> {
        guard !values.isEmpty else { return BorrowedList() }
        let memory = unsafe allocate(MemoryLayout<Value>.stride * values.count)
            .bindMemory(to: Value.self, capacity: values.count)
        for (index, value) in values.enumerated() { unsafe (memory + index).initialize(to: value) }
        return unsafe BorrowedList(UnsafeBufferPointer(start: memory, count: values.count), loan)
    }

    func store<Value: BitwiseCopyable>(_ value: Value) -> Borrowed<Value> {
        let memory = unsafe allocate(MemoryLayout<Value>.stride).bindMemory(to: Value.self, capacity: 1)
        unsafe memory.initialize(to: value)
        return unsafe Borrowed(memory, loan)
    }

    /// Copies a text; an empty one has a base, unlike a missing one.
    package func store(_ text: String) -> ByteSlice {
        var text = text
        return text.withUTF8 { unsafe store($0) }
    }

    package func store(bytes: [UInt8]) -> ByteSlice {
        unsafe bytes.withUnsafeBufferPointer { unsafe store($0) }
    }

    private func store(_ bytes: UnsafeBufferPointer<UInt8>) -> ByteSlice {
        let capacity = max(bytes.count, 1)
        let memory = unsafe allocate(capacity).bindMemory(to: UInt8.self, capacity: capacity)
        unsafe memory.initialize(to: 0)
        if let start = bytes.baseAddress { unsafe memory.update(from: start, count: bytes.count) }
        return unsafe ByteSlice(base: UnsafePointer(memory), count: bytes.count)
    }

    /// Compiles a pattern and keeps it; `nil` where it is no valid RE2.
    func compile(_ pattern: String) -> OpaquePointer? {
        guard let expression = try? RegularExpression(pattern) else { return nil }
        expressions.append(expression)
        return unsafe expression.handle
    }

    /// The number of a counter, in use for as long as this memory.
    func lease(_ counter: RouteCounter, from registry: CounterRegistry) -> UInt32 {
        self.registry = registry
        let number = registry.lease(counter)
        counters.append(number)
        return number
    }

    /// Holds the numbers that records in here name.
    func keep(_ lease: IdentifierLease) { leases.append(lease) }

    /// Holds a table that records in here lead into; others may hold it too.
    func keep(_ table: EndpointHashTable) -> EndpointHashTableRecord {
        tables.append(table)
        return table.record
    }

    /// Holds how TLS is spoken to a cluster.
    func keep(_ tls: UpstreamTLS) -> Unmanaged<UpstreamTLS> {
        settings.append(tls)
        return unsafe Unmanaged.passUnretained(tls)
    }

    /// Holds what workers share of a cluster.
    func keep(_ cluster: SharedCluster) -> Unmanaged<SharedCluster> {
        clusters.append(cluster)
        return unsafe Unmanaged.passUnretained(cluster)
    }

    private func allocate(_ size: Int) -> UnsafeMutableRawPointer {
        let rounded = (size + Self.alignment - 1) & ~(Self.alignment - 1)
        if rounded <= left, let start = unsafe next {
            unsafe next = unsafe start + rounded
            left -= rounded
            return unsafe start
        }
        let chunk = UnsafeMutableRawPointer.allocate(
            byteCount: max(rounded, Self.chunkSize),
            alignment: Self.alignment
        )
        unsafe chunks.append(chunk)
        if rounded < Self.chunkSize {
            unsafe next = unsafe chunk + rounded
            left = Self.chunkSize - rounded
        }
        return unsafe chunk
    }
}
