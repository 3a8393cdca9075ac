// SPDX-License-Identifier: Apache-2.0

package import CanaryMesh

/// A host's routes; valid while its ``RoutingTable`` is kept.
package struct VirtualHostHandle: BitwiseCopyable {
    package let record: Borrowed<VirtualHostRecord>

    package init(record: Borrowed<VirtualHostRecord>) {
        self.record = record
    }

    /// Keeps the host's routes, whatever becomes of the table, until what is returned is released.
    package func retain() -> Unmanaged<RoutingArena> { unsafe record.pointee.arena.retain() }

    /// The full name: `helloworld.default.svc.cluster.local`.
    package var host: ByteSlice { record.pointee.host }

    /// The port that `match.port` and destinations without a port go by: the listener's own if it stands for one
    /// (see ``ListenerSpec/requestPort``), else the one in the authority if the Service has it, else 80 if the Service has that
    /// or there is no Service, else the Service's first.
    ///
    /// `authorityPort` is -1 where the authority has none, `listenerPort` -1 for `mesh`.
    package func servicePort(authorityPort: Int32, listenerPort: Int32) -> Int32 {
        if listenerPort > 0 { return listenerPort }
        let ports = record.pointee.ports
        var has80 = ports.isEmpty
        for port in ports {
            if port == authorityPort { return port }
            has80 = has80 || port == 80
        }
        return has80 ? 80 : ports[0]
    }

    /// The first route of which any match block holds; `nil` is the answer 404 with flag NR.
    package func route(for facts: RequestFacts) -> RouteHandle? {
        let entries = record.pointee.entries
        for index in 0..<entries.count where entries[index].matches(facts) {
            return RouteHandle(entry: entries.pointer(index))
        }
        return nil
    }
}

extension RouteEntry {
    @inline(__always)
    func matches(_ facts: RequestFacts) -> Bool {
        guard port == 0 || port == facts.port else { return false }
        for index in 0..<conditions.count where !conditions[index].holds(for: facts) { return false }
        return true
    }
}
