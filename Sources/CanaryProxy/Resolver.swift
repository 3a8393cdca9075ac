// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryModel
import Glibc
import Synchronization

/// Finds the addresses of endpoints that are host names, away from the workers, and again every few seconds.
final class Resolver: Sendable {
    private struct State {
        var names: [UInt32: EndpointAddress] = [:]
        var isStopped = false
    }

    /// Envoy's default refresh.
    private static let refresh: Int32 = 5000

    private let state = Mutex(State())
    private let wakeDescriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))

    deinit {
        close(wakeDescriptor)
    }

    /// Asks for an endpoint's address; the answer is published.
    func resolve(_ endpoint: UInt32, _ address: EndpointAddress) {
        let isNew = state.withLock { $0.names.updateValue(address, forKey: endpoint) == nil }
        if isNew { ProxyShared.wake(wakeDescriptor) }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        ProxyShared.wake(wakeDescriptor)
    }

    /// Resolves until it is stopped; the body of a thread.
    func run(publish: ([UInt32: SocketAddress]) -> Void) {
        var known: [UInt32: SocketAddress] = [:]
        while true {
            let (names, isStopped) = state.withLock { ($0.names, $0.isStopped) }
            if isStopped { return }
            var found = known
            for (endpoint, address) in names {
                if let resolved = Self.lookUp(address) { found[endpoint] = resolved }
            }
            if found != known {
                known = found
                publish(known)
            }
            wait(isIdle: names.isEmpty)
        }
    }

    private func wait(isIdle: Bool) {
        var descriptor = pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&descriptor, 1, isIdle ? -1 : Self.refresh) > 0 else { return }
        var count: UInt64 = 0
        _ = read(wakeDescriptor, &count, MemoryLayout<UInt64>.size)
    }

    private static func lookUp(_ address: EndpointAddress) -> SocketAddress? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address.host, nil, &hints, &list) == 0, let first = list else { return nil }
        defer { freeaddrinfo(list) }
        guard var resolved = SocketAddress(copying: first.pointee.ai_addr, length: first.pointee.ai_addrlen)
        else {
            return nil
        }
        resolved.port = address.port
        return resolved
    }
}
