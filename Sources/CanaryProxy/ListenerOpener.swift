// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryMesh
import Glibc

/// Opens the sockets of a listener: one a worker, among which the kernel spreads connections.
enum ListenerOpener {
    /// Reads `host:port`, `[v6]:port`, or `localhost:port`.
    static func parse(_ text: String) throws(ProxyError) -> SocketAddress {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw .badAddress(text)
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if host == "localhost" { host = "127.0.0.1" }
        guard let address = SocketAddress(host: host, port: port) else { throw .badAddress(text) }
        return address
    }

    /// - Parameter inheritance: has the sockets that are not to be opened anew.
    static func open(
        _ address: SocketAddress,
        _ spec: ListenerSpec,
        number: Int,
        workers: Int,
        inheritance: Inheritance,
        for use: InheritedSocket.Use = .table,
        namesOwner: Bool = true
    ) throws(ProxyError) -> OpenListener {
        let inherited = inheritance.claim(address, for: use)
        if let first = inherited.first {
            return OpenListener(
                number: number,
                spec: spec,
                address: SocketAddress(boundTo: first.descriptor),
                sockets: spread(inherited, over: workers)
            )
        }
        if address.port != 0 { try requireFree(address, namesOwner: namesOwner) }
        var address = address
        var sockets: [ListeningSocket] = []
        for _ in 0..<workers {
            switch Socket.listen(on: address, shared: workers > 1) {
            case .success(let descriptor):
                sockets.append(ListeningSocket(descriptor))
                address.port = SocketAddress(boundTo: descriptor).port
            case .failure(let failure):
                throw error(failure, address)
            }
        }
        return OpenListener(number: number, spec: spec, address: address, sockets: sockets.map { [$0] })
    }

    /// Gives each socket to a worker, since connections wait in each of them. Workers that are left get one that another has too: a
    /// further one would take connections that nobody serves, should this process end before it is ready.
    private static func spread(_ sockets: [ListeningSocket], over workers: Int) -> [[ListeningSocket]] {
        var all = sockets
        while all.count < workers, let copy = all[all.count % sockets.count].duplicate() { all.append(copy) }
        return (0..<workers).map { worker in
            stride(from: worker, to: all.count, by: workers).map { all[$0] }
        }
    }

    /// Sharing sockets would let a second proxy of the same user join in unnoticed; one that does not share finds out.
    private static func requireFree(_ address: SocketAddress, namesOwner: Bool) throws(ProxyError) {
        switch Socket.listen(on: address, shared: false) {
        case .success(let descriptor): close(descriptor)
        case .failure(let failure): throw error(failure, address, namesOwner: namesOwner)
        }
    }

    /// Whether nobody listens there, as far as trying tells.
    static func isFree(_ address: SocketAddress) -> Bool {
        guard case .success(let descriptor) = Socket.listen(on: address, shared: false) else { return false }
        close(descriptor)
        return true
    }

    static func error(_ failure: SystemCallError, _ address: SocketAddress, namesOwner: Bool = true)
        -> ProxyError
    {
        guard failure.number == EADDRINUSE else {
            return .cannotListen(address: address.text, reason: failure.reason)
        }
        return .taken(address: address.text, owner: namesOwner ? PortOwner.find(port: address.port) : nil)
    }
}
