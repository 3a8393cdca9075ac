// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryRouting

/// The header fields that the proxy itself reads, drops or writes; every other one passes untouched.
enum KnownField: UInt8 {
    case other
    case connection, contentLength, date, expect, host, keepAlive, proxyConnection, server, te,
        transferEncoding
    /// `trace` is any that says which trace the request belongs to.
    case upgrade, http2Settings, forwardedFor, forwardedProto, forwardedClientCert, requestID, trace,
        grpcStatus,
        rateLimited
    /// What tells Envoy how to treat a request: see ``EnvoyControl``.
    case envoyControl

    /// Recognises a name in any case.
    init(_ name: ByteSlice) {
        self = .other
        switch name.count {
        case 2:
            take(.te, if: name, is: "te")
            take(.trace, if: name, is: "b3")
        case 4:
            take(.host, if: name, is: "host")
            take(.date, if: name, is: "date")
        case 6:
            take(.expect, if: name, is: "expect")
            take(.server, if: name, is: "server")
        case 7: take(.upgrade, if: name, is: "upgrade")
        case 10:
            take(.connection, if: name, is: "connection")
            take(.keepAlive, if: name, is: "keep-alive")
        case 11:
            take(.grpcStatus, if: name, is: "grpc-status")
            take(.trace, if: name, is: "traceparent")
        case 12:
            take(.requestID, if: name, is: "x-request-id")
            take(.trace, if: name, is: "x-b3-traceid")
        case 14:
            take(.contentLength, if: name, is: "content-length")
            take(.http2Settings, if: name, is: "http2-settings")
        case 15: take(.forwardedFor, if: name, is: "x-forwarded-for")
        case 16: take(.proxyConnection, if: name, is: "proxy-connection")
        case 17:
            take(.transferEncoding, if: name, is: "transfer-encoding")
            take(.forwardedProto, if: name, is: "x-forwarded-proto")
        case 23: take(.forwardedClientCert, if: name, is: "x-forwarded-client-cert")
        case 19: take(.rateLimited, if: name, is: "x-envoy-ratelimited")
        default: break
        }
        if self == .other, EnvoyControl.isOne(name) { self = .envoyControl }
    }

    private mutating func take(_ field: KnownField, if name: ByteSlice, is text: StaticString) {
        // All of them begin with a letter, which tells most names apart.
        if name[0] | 0x20 == ByteSlice(text)[0], name.equalsIgnoringCase(text) { self = field }
    }

    /// Concerns one connection only, and is never passed on (RFC 9110, 7.6.1).
    var isHopByHop: Bool {
        switch self {
        case .connection, .keepAlive, .proxyConnection, .te, .transferEncoding, .upgrade, .http2Settings: true
        default: false
        }
    }

    /// Frames or addresses the message: dropping it because a Connection header names it would change the message.
    var isProtectedFromConnection: Bool {
        self == .contentLength || self == .host
    }
}

/// One header line of a parsed head.
struct Field {
    var name: ByteRange
    /// Without the white space around it.
    var value: ByteRange
    var known: KnownField
    /// Not to be passed on.
    var isDropped: Bool
}

/// The header lines of the head that was parsed last: room for as many as the limit allows, allocated once.
///
/// `@safe`: lines below `count` are there, and every index is compared with it.
@safe struct FieldTable: ~Copyable {
    private let storage: UnsafeMutablePointer<Field>
    let capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = max(capacity, 1)
        unsafe storage = .allocate(capacity: self.capacity)
    }

    deinit {
        unsafe storage.deallocate()
    }

    subscript(index: Int) -> Field {
        get {
            precondition(index >= 0 && index < count)
            return unsafe storage[index]
        }
        set {
            precondition(index >= 0 && index < count)
            unsafe storage[index] = newValue
        }
    }

    mutating func removeAll() { count = 0 }

    /// Adds a line; `false` when the limit is reached.
    mutating func append(_ field: Field) -> Bool {
        guard count < capacity else { return false }
        unsafe storage[count] = field
        count &+= 1
        return true
    }

    mutating func drop(_ index: Int) { self[index].isDropped = true }

    /// Copies the lines to memory that has room for them, and lets them be borrowed from there.
    func copy(to memory: UnsafeMutableRawBufferPointer) -> BorrowedList<Field> {
        let fields = unsafe memory.bindMemory(to: Field.self)
        _ = unsafe fields.initialize(from: UnsafeBufferPointer(start: storage, count: count))
        return unsafe BorrowedList(UnsafeBufferPointer(fields))
    }

    /// Makes this table one of lines that were parsed before; they must fit, as those of a table of the same capacity do.
    mutating func load(_ fields: BorrowedList<Field>) {
        precondition(fields.count <= capacity)
        count = fields.count
        for index in 0..<count { unsafe storage[index] = fields[index] }
    }
}
