// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

/// A port that does not speak HTTP: where its connections go.
struct OpaquePortRecord: BitwiseCopyable {
    var port: Int32
    /// The first that fits counts; the last one always does.
    var routes: BorrowedList<ConnectionRouteRecord>
}

/// One match block of a route in `spec.tcp`, or the Service's own route.
struct ConnectionRouteRecord: BitwiseCopyable {
    /// One of which the connection must have been made to; empty for any.
    var subnets: BorrowedList<Subnet>
    /// The position in `spec.tcp`; -1 for the Service's own.
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

    /// The position in `spec.tcp`; -1 for the Service's own route.
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

    /// The route of a connection to such a port; `address` is what the client connected to, without port or brackets. `nil` for a
    /// port that speaks HTTP.
    package func connectionRoute(port: Int32, address: ByteSlice) -> ConnectionRouteHandle? {
        guard let record = opaquePort(port) else { return nil }
        let bytes = AddressBytes(address)
        for index in 0..<record.routes.count where record.routes[index].accepts(bytes) {
            return ConnectionRouteHandle(record: record.routes.pointer(index), port: port)
        }
        return nil
    }

    private func opaquePort(_ port: Int32) -> OpaquePortRecord? {
        for record in record.pointee.opaquePorts where record.port == port { return record }
        return nil
    }
}

extension ConnectionRouteRecord {
    fileprivate func accepts(_ address: AddressBytes?) -> Bool {
        guard !subnets.isEmpty else { return true }
        guard let address else { return false }
        for subnet in subnets where subnet.contains(address) { return true }
        return false
    }
}
