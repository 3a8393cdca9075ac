// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

/// A port that does not speak HTTP: where its connections go.
struct OpaquePortRecord: BitwiseCopyable {
    var port: Int32
    /// Whether its routes, those of `spec.tls`, go by the name that the client asks for.
    var isTLS = false
    /// The first that fits counts; the last one always does.
    var routes: BorrowedList<ConnectionRouteRecord>
}

/// One match block of a route in `spec.tcp` or `spec.tls`, or the Service's own route.
struct ConnectionRouteRecord: BitwiseCopyable {
    /// Of `spec.tls`: the name that the client asks for, in lower case, or a wildcard's suffix. Missing for any.
    var serverName = ByteSlice()
    var isWildcard = false
    /// One of which the connection must have been made to; empty for any.
    var subnets: BorrowedList<Subnet>
    /// The position in `spec.tcp` or `spec.tls`; -1 for the Service's own.
    var index: Int32
    /// The VirtualService, as `namespace/name`; missing for the Service's own.
    var owner: ByteSlice
    var destinations: BorrowedList<DestinationRecord>
    var totalWeight: UInt64
}

/// The route that a TCP connection takes; valid while its ``RoutingTable`` is kept.
package struct ConnectionRouteHandle: BitwiseCopyable {
    let record: Borrowed<ConnectionRouteRecord>
    let port: Int32

    /// The position in `spec.tcp` or `spec.tls`; -1 for the Service's own route.
    package var index: Int { Int(record.pointee.index) }

    /// The VirtualService, as `namespace/name`; missing for the Service's own route.
    package var virtualService: ByteSlice { record.pointee.owner }

    /// Where the connection goes, all of it: an independent draw by weight, as `random`, uniform over all 64-bit values, says.
    /// `nil` where all weights are zero.
    package func destination(random: UInt64) -> DestinationHandle? {
        let destinations = record.pointee.destinations
        guard !destinations.isEmpty, record.pointee.totalWeight > 0 else { return nil }
        guard destinations.count > 1 else { return DestinationHandle(destinations.pointer(0), port: port) }
        let index = WeightedChoice.draw(destinations, total: record.pointee.totalWeight, random: random)
        return DestinationHandle(destinations.pointer(index), port: port)
    }
}

extension VirtualHostHandle {
    /// Whether connections to a port of the Service are passed on as they are, instead of being read as HTTP.
    package func isOpaque(port: Int32) -> Bool { opaquePort(port) != nil }

    /// Whether such a port has routes that go by the name that clients ask for.
    package func asksForName(port: Int32) -> Bool { opaquePort(port, isTLS: true) != nil }

    /// The route of a connection to such a port; `address` is what the client connected to, without port or brackets. Of what is
    /// TLS and stays it, `serverName` is the name that the client asks for, empty for none. `nil` for a port that speaks HTTP.
    package func connectionRoute(port: Int32, address: ByteSlice, serverName: ByteSlice? = nil)
        -> ConnectionRouteHandle?
    {
        guard let record = opaquePort(port, isTLS: serverName != nil) else { return nil }
        let bytes = AddressBytes(address)
        for index in 0..<record.routes.count where record.routes[index].accepts(bytes, serverName) {
            return ConnectionRouteHandle(record: record.routes.pointer(index), port: port)
        }
        return nil
    }

    private func opaquePort(_ port: Int32, isTLS: Bool = false) -> OpaquePortRecord? {
        for record in record.pointee.opaquePorts where record.port == port && record.isTLS == isTLS {
            return record
        }
        return nil
    }
}

extension ConnectionRouteRecord {
    fileprivate func accepts(_ address: AddressBytes?, _ name: ByteSlice?) -> Bool {
        if let name, !accepts(name) { return false }
        guard !subnets.isEmpty else { return true }
        guard let address else { return false }
        for subnet in subnets where subnet.contains(address) { return true }
        return false
    }

    private func accepts(_ name: ByteSlice) -> Bool {
        guard !serverName.isMissing else { return true }
        guard isWildcard else { return name.equalsIgnoringCase(serverName) }
        return name.count > serverName.count
            && name.from(name.count - serverName.count).equalsIgnoringCase(serverName)
    }
}
