// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanaryMesh
import CanaryRouting
import CanarySystem
import Glibc
import Synchronization

/// Whether another process is about to take over.
struct HandOverState {
    var isUnderWay = false
    /// The table that came meanwhile.
    var deferred: (table: RoutingTable, commit: String, damage: [String])?
}

/// The part of the process that goes: it passes what it has to another one, goes on until that one serves, and then drains.
extension Proxy {
    /// Told which process serves from now on, before that one knows.
    package typealias HandedOverHandler = @Sendable (_ pid: Int32) -> Void

    /// How long the other process may take to be ready, in seconds.
    private static let readyPatience = 60

    static let leavingReason = "it is draining"

    /// Passes everything to the process at the other end of a connection, and waits until that one serves. If it ends before, or takes
    /// too long, nothing has happened.
    func handOver(through connection: Int32, _ handedOver: HandedOverHandler) {
        if let reason = beginHandOver() {
            return refuse(reason, connection)
        }
        let pid = canary_peer_pid(connection)
        inform("process \(pid) asks to take over")
        guard HandOverMessage.send(inheritedSockets, ticketKeys, over: connection) else {
            return goOn(because: "process \(pid) ended before it was ready to take over")
        }
        Socket.setPatience(Self.readyPatience, connection)
        var reader = HandOverMessage.Reader(connection: connection)
        guard reader.line().map({ $0 + "\n" }) == HandOverMessage.ready else {
            return goOn(because: "process \(pid) ended, or took too long, before it was ready to take over")
        }
        leave(to: pid)
        handedOver(pid)
        _ = HandOverMessage.send(text: HandOverMessage.leaving, over: connection)
    }

    /// Why not; `nil` where it has begun.
    private func beginHandOver() -> String? {
        if let reason = shared.configuration.refusesHandOver { return reason }
        return state.withLock { state in
            if isDraining { return Self.leavingReason }
            if state.handOver.isUnderWay { return "another process is taking over already" }
            state.handOver.isUnderWay = true
            return nil
        }
    }

    private func refuse(_ reason: String, _ connection: Int32) {
        let head = "HTTP/1.1 409 Conflict\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n"
        _ = HandOverMessage.send(text: "\(head)\(reason)\n", over: connection)
    }

    /// What a service manager gave, and everything that is listened on. Descriptors of our own, as workers may close theirs.
    private var inheritedSockets: [InheritedSocket] {
        let mesh = shared.configuration.listen
        let open = shared.publication().listeners.flatMap { listener in
            let use =
                listener.spec.kind == .mesh
                ? mesh[safe: listener.number].map(InheritedSocket.Use.listen) : nil
            return listener.sockets.joined().map { ($0, listener.address, use ?? .table) }
        }
        let pages = admin.pagesSocket.map {
            [
                (
                    $0, SocketAddress(boundTo: $0.descriptor),
                    InheritedSocket.Use.admin(shared.configuration.admin ?? "")
                )
            ]
        }
        return inheritance.activated
            + (open + (pages ?? [])).compactMap { socket, address, use in
                socket.duplicate().map {
                    InheritedSocket(socket: $0, address: address, inode: 0, use: use, name: nil)
                }
            }
    }

    private var ticketKeys: TicketKeys? { state.withLock { $0.tls.tickets } }

    /// Nobody takes over: what was put off is made up for.
    private func goOn(because reason: String) {
        inform("\(reason): this process goes on")
        state.withLock { endHandOver(&$0) }
    }

    private func endHandOver(_ state: inout State) {
        state.handOver.isUnderWay = false
        guard let deferred = state.handOver.deferred else { return }
        state.handOver.deferred = nil
        install(deferred.table, deferred.commit, deferred.damage, &state)
    }

    /// The other process has all listeners: those that wait there are its. Clients that rest are served once more.
    private func leave(to pid: Int32) {
        state.withLock { state in
            if !isDraining {
                state.listeners.releaseAll()
                shared.publish { publication in
                    publication.isDraining = true
                    publication.keepsResting = true
                }
            }
            endHandOver(&state)
        }
        admin.leavePages()
        inform("process \(pid) has taken over")
    }

    /// Whether another process serves in this one's place.
    package var hasHandedOver: Bool { shared.publication().keepsResting }
}

extension Array {
    fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
