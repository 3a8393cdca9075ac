// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryResources
import CanarySystem
import Glibc

/// A connection to somebody else's server, for one request. Whatever the server does, nothing takes longer than until the deadline, but
/// for the look-up of a name, which the C library does in its own time: whoever cannot wait has it done by another thread.
final class HTTPConnection {
    private let descriptor: Int32
    private let deadline: Int64
    private let cancellation: EventDescriptor?

    /// - Parameter deadline: in milliseconds of the monotonic clock.
    init(
        to url: HTTPURL,
        deadline: Int64,
        cancelledBy cancellation: EventDescriptor?
    ) throws(HTTPFailure) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(url.host, String(url.port), &hints, &first)
        guard status == 0, let list = unsafe first else {
            let reason = unsafe gai_strerror(status).map { unsafe String(cString: $0) } ?? "error \(status)"
            throw HTTPFailure("there is no address of \"\(url.host)\": \(reason)")
        }
        // The list is the C library's, and lives until it is given back here.
        defer { unsafe freeaddrinfo(list) }
        var failure = HTTPFailure("no address")
        var next = unsafe Optional(list)
        while let address = unsafe next {
            do {
                descriptor = try unsafe Self.connect(address, deadline, cancellation)
                (self.deadline, self.cancellation) = (deadline, cancellation)
                return
            } catch {
                failure = HTTPFailure("\(url.authority): \(error.reason)")
            }
            unsafe next = address.pointee.ai_next
        }
        throw failure
    }

    deinit {
        close(descriptor)
    }

    /// - Parameter address: of a list that outlives the call.
    private static func connect(
        _ address: UnsafeMutablePointer<addrinfo>,
        _ deadline: Int64,
        _ cancellation: EventDescriptor?
    ) throws(HTTPFailure) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = unsafe socket(address.pointee.ai_family, kind, 0)
        guard descriptor >= 0 else { throw HTTPFailure(SystemCallError(errno).reason) }
        do throws(HTTPFailure) {
            let status = unsafe Glibc.connect(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen)
            guard status < 0 else { return descriptor }
            guard errno == EINPROGRESS else { throw HTTPFailure(SystemCallError(errno).reason) }
            try wait(descriptor, POLLOUT, deadline, cancellation)
            var (reason, length) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
            unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &reason, &length)
            guard reason == 0 else { throw HTTPFailure(SystemCallError(reason).reason) }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func wait(
        _ descriptor: Int32,
        _ events: Int32,
        _ deadline: Int64,
        _ cancellation: EventDescriptor?
    ) throws(HTTPFailure) {
        while true {
            let left = deadline - Clock.monotonicMilliseconds()
            guard left > 0 else { throw HTTPFailure("no whole answer in time") }
            var polled = [
                pollfd(fd: descriptor, events: Int16(events), revents: 0),
                pollfd(fd: cancellation?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            _ = unsafe poll(&polled, 2, Int32(clamping: left))
            if polled[1].revents != 0 { throw HTTPFailure("nobody waits for it any more") }
            if polled[0].revents != 0 { return }
        }
    }

    func send(_ bytes: [UInt8]) throws(HTTPFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            try Self.wait(descriptor, POLLOUT, deadline, cancellation)
            // The memory is lent to the one call.
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if ![EINTR, EAGAIN].contains(errno) {
                // It may have answered before it had read everything.
                return
            }
        }
    }

    /// What has come; nothing at the end.
    func receive() throws(HTTPFailure) -> ArraySlice<UInt8> {
        var chunk = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            try Self.wait(descriptor, POLLIN, deadline, cancellation)
            let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
            if count >= 0 { return chunk[..<count] }
            guard [EINTR, EAGAIN].contains(errno) else { throw HTTPFailure(SystemCallError(errno).reason) }
        }
    }
}
