// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryMesh
import Glibc

/// An IPv4 or IPv6 address with a port, in the kernel's form.
struct SocketAddress: Sendable {
    var storage = sockaddr_storage()
    var length: socklen_t = 0

    /// Reads an IP address as text, without brackets; `nil` for names.
    init?(host: String, port: UInt16) {
        var four = sockaddr_in()
        var six = sockaddr_in6()
        if unsafe inet_pton(AF_INET, host, &four.sin_addr) == 1 {
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            copy(four)
        } else if unsafe inet_pton(AF_INET6, host, &six.sin6_addr) == 1 {
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            copy(six)
        } else {
            return nil
        }
    }

    /// The four or sixteen bytes of an IP address; `nil` for another number of them.
    init?(_ bytes: ByteSlice, port: UInt16) {
        var four = sockaddr_in()
        var six = sockaddr_in6()
        let source = unsafe UnsafeRawBufferPointer(bytes.bytes)
        if bytes.count == 4 {
            // Both fields have room for as many bytes.
            unsafe withUnsafeMutableBytes(of: &four.sin_addr) { unsafe $0.copyMemory(from: source) }
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            copy(four)
        } else if bytes.count == 16 {
            unsafe withUnsafeMutableBytes(of: &six.sin6_addr) { unsafe $0.copyMemory(from: source) }
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            copy(six)
        } else {
            return nil
        }
    }

    private mutating func copy<Address>(_ address: Address) {
        length = socklen_t(MemoryLayout<Address>.size)
        unsafe withUnsafeBytes(of: address) { source in
            unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.copyMemory(from: source) }
        }
    }

    // All calls below stay within `storage`, which has room for any address.

    /// The address that a bound socket has.
    init(boundTo descriptor: Int32) {
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        unsafe withKernelForm { unsafe getsockname(descriptor, $0, $1) }
    }

    var family: Int32 { Int32(storage.ss_family) }
    var isIPv6: Bool { family == AF_INET6 }

    /// The four or sixteen bytes of the IP address.
    var hostBytes: [UInt8] {
        unsafe withUnsafeBytes(of: storage) { unsafe Array(isIPv6 ? $0[8..<24] : $0[4..<8]) }
    }

    var port: UInt16 {
        get {
            unsafe withUnsafeBytes(of: storage) {
                unsafe UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self))
            }
        }
        set {
            unsafe withUnsafeMutableBytes(of: &storage) {
                unsafe $0.storeBytes(of: newValue.bigEndian, toByteOffset: 2, as: UInt16.self)
            }
        }
    }

    /// Whether only this machine can reach it.
    var isLoopback: Bool {
        unsafe withUnsafeBytes(of: storage) {
            if family == AF_INET { return unsafe $0[4] == 127 }
            return unsafe $0[8..<23].allSatisfy { $0 == 0 } && $0[23] == 1
        }
    }

    /// Lends the address to a call that reads it.
    func withKernelForm<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        unsafe withUnsafePointer(to: storage) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
        }
    }

    /// Lends the address to a call that fills it.
    @discardableResult
    mutating func withKernelForm<Result>(
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
    ) -> Result {
        unsafe withUnsafeMutablePointer(to: &length) { length in
            unsafe withUnsafeMutablePointer(to: &storage) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
            }
        }
    }

    /// Writes the IP as text, NUL-terminated, into at least 46 bytes; an IPv4 address inside IPv6 as IPv4.
    func writeHost(to text: UnsafeMutablePointer<CChar>) {
        unsafe withUnsafeBytes(of: storage) {
            guard let base = $0.baseAddress else { return }
            let isMapped =
                unsafe family == AF_INET6 && $0[8..<18].allSatisfy { $0 == 0 } && $0[18] == 0xFF
                && $0[19] == 0xFF
            if family == AF_INET {
                _ = unsafe inet_ntop(AF_INET, base + 4, text, 46)
            } else if isMapped {
                _ = unsafe inet_ntop(AF_INET, base + 20, text, 46)
            } else {
                _ = unsafe inet_ntop(AF_INET6, base + 8, text, 46)
            }
        }
    }

    var host: String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 46) { text in
            unsafe text.initialize(repeating: 0)
            guard let base = text.baseAddress else { return "" }
            unsafe writeHost(to: base)
            return unsafe String(cString: base)
        }
    }

    /// `host:port`, with brackets around IPv6.
    var text: String {
        isIPv6 && host.utf8.contains(ASCII.colon) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

extension SocketAddress {
    /// An address to be filled by the kernel.
    static var unspecified: SocketAddress {
        SocketAddress(storage: sockaddr_storage(), length: socklen_t(MemoryLayout<sockaddr_storage>.size))
    }

    private init(storage: sockaddr_storage, length: socklen_t) {
        self.storage = storage
        self.length = length
    }
}

extension SocketAddress: Equatable {
    /// Copies an address of the kernel's; `nil` when it does not fit.
    init?(copying address: UnsafePointer<sockaddr>?, length: socklen_t) {
        guard let address = unsafe address, Int(length) <= MemoryLayout<sockaddr_storage>.size else {
            return nil
        }
        self.init(storage: sockaddr_storage(), length: length)
        unsafe withUnsafeMutableBytes(of: &storage) {
            unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(length)))
        }
    }

    static func == (left: SocketAddress, right: SocketAddress) -> Bool { left.text == right.text }
}
