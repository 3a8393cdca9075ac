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
    /// Told which process is the service from now on.
    package typealias HandOverHandler = @Sendable (_ pid: Int32) -> Void

    /// How long the other process may take to be ready, in seconds.
    private static let readyPatience = 60

    static let leavingReason = "it is draining"

    /// Passes everything to the process at the other end of a connection, and waits until that one serves. If it ends before, or takes
    /// too long, nothing has happened.
    func handOver(through connection: Int32, handingOver: HandOverHandler, handedOver: () -> Void) {
        if let reason = beginHandOver() {
            return refuse(reason, connection)
        }
        let pid = canary_peer_pid(connection)
        inform("process \(pid) asks to take over")
        guard let sockets = inheritedSockets else {
            refuse("it has too many open files", connection)
            return goOn(because: "there are too many open files to hand over")
        }
        guard HandOverMessage.send(sockets, ticketKeys, over: connection) else {
            return goOn(because: "process \(pid) ended before it was ready to take over")
        }
        Socket.setPatience(Self.readyPatience, connection)
        var reader = HandOverMessage.Reader(connection: connection)
        guard reader.line().map({ $0 + "\n" }) == HandOverMessage.ready else {
            return goOn(because: "process \(pid) ended, or took too long, before it was ready to take over")
        }
        guard !isDraining else {
            _ = HandOverMessage.send(text: HandOverMessage.ending, over: connection)
            return goOn(because: "process \(pid) ends too, as this one was asked to end")
        }
        // A service manager has to know before the other process says that it is the service.
        handingOver(pid)
        guard HandOverMessage.send(text: HandOverMessage.leaving, over: connection) else {
            handingOver(getpid())
            return goOn(because: "process \(pid) ended before it had taken over")
        }
        leave(to: pid)
        handedOver()
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

    /// What a service manager gave, and everything that is listened on, by descriptors of our own, as workers may close theirs; `nil`
    /// where there are not enough.
    private var inheritedSockets: [InheritedSocket]? {
        let configuration = shared.configuration
        var sockets = inheritance.activated
        func add(_ socket: ListeningSocket, _ use: InheritedSocket.Use) -> Bool {
            guard let copy = socket.duplicate() else { return false }
            let address = SocketAddress(boundTo: copy.descriptor)
            sockets.append(InheritedSocket(socket: copy, address: address, inode: 0, use: use, name: nil))
            return true
        }
        for listener in shared.publication().listeners {
            // The proxy's own come first, in the order of the configuration.
            let isOwn = listener.spec.kind == .mesh && configuration.listen.indices.contains(listener.number)
            let use = isOwn ? InheritedSocket.Use.listen(configuration.listen[listener.number]) : .table
            for socket in listener.sockets.joined() {
                guard add(socket, use) else { return nil }
            }
        }
        if let pages = admin.pagesSocket, !add(pages, .admin(configuration.admin ?? "")) { return nil }
        return sockets
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
                    publication.hasHandedOver = true
                }
            }
            endHandOver(&state)
        }
        admin.leavePages()
        inform("process \(pid) has taken over")
    }

    /// Whether another process serves in this one's place.
    package var hasHandedOver: Bool { shared.publication().hasHandedOver }
}
