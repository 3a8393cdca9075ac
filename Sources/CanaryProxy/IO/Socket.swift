// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryMesh
import CanaryRouting
import CanarySystem
import Glibc

/// What a call on a non-blocking socket came to.
enum Transfer: Equatable {
    case moved(Int)
    case wouldBlock
    /// The peer will send no more.
    case ended
    case failed(Int32)
}

/// The socket calls that the data plane makes.
enum Socket {
    /// Receives at most `count` bytes into memory that has room for them.
    @inline(__always)
    static func receive(_ descriptor: Int32, _ memory: UnsafeMutableRawPointer, _ count: Int) -> Transfer {
        while true {
            let moved = unsafe canary_receive(descriptor, memory, count)
            if moved > 0 { return .moved(moved) }
            if moved == 0 { return .ended }
            let reason = errno
            if reason == EINTR { continue }
            return reason == EAGAIN ? .wouldBlock : .failed(reason)
        }
    }

    /// Sends without raising SIGPIPE.
    @inline(__always)
    static func send(_ descriptor: Int32, _ bytes: ByteSlice) -> Transfer {
        transfer { unsafe canary_send(descriptor, bytes.base, bytes.count) }
    }

    @inline(__always)
    private static func transfer(_ send: () -> Int) -> Transfer {
        while true {
            let moved = send()
            if moved >= 0 { return .moved(moved) }
            let reason = errno
            if reason == EINTR { continue }
            return reason == EAGAIN ? .wouldBlock : .failed(reason)
        }
    }

    /// Sends two pieces that lie apart, one behind the other, as if they were one.
    static func send(
        _ descriptor: Int32,
        _ first: ByteSlice,
        _ second: ByteSlice
    ) -> Transfer {
        // The kernel only reads what the pieces point to.
        var pieces = unsafe (
            iovec(iov_base: UnsafeMutableRawPointer(mutating: first.base), iov_len: first.count),
            iovec(iov_base: UnsafeMutableRawPointer(mutating: second.base), iov_len: second.count)
        )
        return unsafe withUnsafeMutableBytes(of: &pieces) { pieces in
            var message = unsafe msghdr()
            unsafe message.msg_iov = unsafe pieces.baseAddress?.assumingMemoryBound(to: iovec.self)
            unsafe message.msg_iovlen = 2
            return transfer { unsafe sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL)) }
        }
    }

    /// The bytes that may be received, which stay where they are: how many, 0 at the end, or below 0 for none yet.
    static func peek(_ descriptor: Int32, _ memory: UnsafeMutableRawPointer, _ count: Int) -> Int {
        unsafe recv(descriptor, memory, count, Int32(MSG_PEEK | MSG_DONTWAIT))
    }

    /// Whether a connection that rests in the pool is still usable: nothing to read, and no end.
    static func isQuiet(_ descriptor: Int32) -> Bool {
        var byte: UInt8 = 0
        let count = unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count < 0 && errno == EAGAIN
    }

    /// How many bytes the peer has not acknowledged: what the kernel still holds of what was sent.
    static func unacknowledged(_ descriptor: Int32) -> Int32 {
        var count: Int32 = 0
        return unsafe ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 ? count : 0
    }

    /// Has the close that follows reset the connection, so that the peer can't take it for a proper end.
    static func resetsWhenClosed(_ descriptor: Int32) {
        set(linger(l_onoff: 1, l_linger: 0), SO_LINGER, of: SOL_SOCKET, descriptor)
    }

    static func disableDelay(_ descriptor: Int32) {
        set(Int32(1), TCP_NODELAY, of: Int32(IPPROTO_TCP), descriptor)
    }

    /// Bounds how long a blocking socket waits for the peer.
    static func setPatience(_ seconds: Int, _ descriptor: Int32) {
        let time = timeval(tv_sec: seconds, tv_usec: 0)
        set(time, SO_RCVTIMEO, of: SOL_SOCKET, descriptor)
        set(time, SO_SNDTIMEO, of: SOL_SOCKET, descriptor)
    }

    /// Turns TCP keep-alive on; numbers of 0 stay the system's.
    static func keepAlive(_ descriptor: Int32, _ settings: ConnectionLimits.KeepAlive) {
        set(Int32(1), SO_KEEPALIVE, of: SOL_SOCKET, descriptor)
        let options = [
            (settings.probes, TCP_KEEPCNT), (settings.idleSeconds, TCP_KEEPIDLE),
            (settings.intervalSeconds, TCP_KEEPINTVL),
        ]
        for (value, option) in options where value > 0 {
            set(value, option, of: Int32(IPPROTO_TCP), descriptor)
        }
    }

    /// Sets an option, a value of the kind that it takes. It is the kernel's to refuse: none of them is needed to go on.
    private static func set<Value: BitwiseCopyable>(
        _ value: Value,
        _ option: Int32,
        of level: Int32,
        _ descriptor: Int32
    ) {
        var value = value
        _ = unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Value>.size))
    }

    /// Why a connection attempt failed; 0 when it did not.
    static func pendingError(_ descriptor: Int32) -> Int32 {
        var reason: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &reason, &length) == 0 ? reason : errno
    }

    /// Begins a connection; `nil` in `reason` when it stands or is under way.
    static func connect(to address: SocketAddress) -> (descriptor: Int32, isReady: Bool, reason: Int32?) {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.family, kind, 0)
        guard descriptor >= 0 else { return (-1, false, errno) }
        disableDelay(descriptor)
        let result = unsafe address.withKernelForm { unsafe Glibc.connect(descriptor, $0, $1) }
        if result == 0 { return (descriptor, true, nil) }
        let reason = errno
        if reason == EINPROGRESS { return (descriptor, false, nil) }
        close(descriptor)
        return (-1, false, reason)
    }

    /// Opens a listening socket; several of one address share its connections when `shared`.
    static func listen(on address: SocketAddress, shared: Bool) -> Result<Int32, SystemCallError> {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.family, kind, 0)
        guard descriptor >= 0 else { return .failure(SystemCallError(errno)) }
        set(Int32(1), SO_REUSEADDR, of: SOL_SOCKET, descriptor)
        if shared { set(Int32(1), SO_REUSEPORT, of: SOL_SOCKET, descriptor) }
        if address.family == AF_INET6 { set(Int32(1), IPV6_V6ONLY, of: Int32(IPPROTO_IPV6), descriptor) }
        guard unsafe address.withKernelForm({ unsafe bind(descriptor, $0, $1) }) == 0,
            Glibc.listen(descriptor, 4096) == 0
        else {
            let reason = errno
            close(descriptor)
            return .failure(SystemCallError(reason))
        }
        return .success(descriptor)
    }
}
