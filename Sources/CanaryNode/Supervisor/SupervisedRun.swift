// SPDX-License-Identifier: Apache-2.0

package import CanarySystem
import CLinux
import Glibc

/// A node's side of one run of a container.
package final class SupervisedRun {
    /// The supervisor's.
    package let pid: Int32
    private let socket: MessageSocket
    private var isReaped = false

    /// Starts a supervisor, in a session of its own: what a terminal says to the node is not said to it.
    ///
    /// - Parameters:
    ///   - program: this program, by its path.
    ///   - environment: the container's.
    package init(
        _ container: SupervisedContainer,
        program: String,
        environment: [String: String]
    ) throws(SystemCallError) {
        let (ours, its) = try MessageSocket.makePair()
        socket = ours
        pid = try ChildProcess(
            program,
            [Supervisor.word] + container.arguments,
            environment,
            descriptors: [(its.descriptor, Supervisor.nodeDescriptor)],
            hasOwnSession: true
        ).pid
    }

    /// A run that nobody follows any more ends: a process that nobody waits for would stay in the system's table.
    deinit {
        guard !isReaped else { return }
        shutdown(socket.descriptor, Int32(SHUT_RDWR))
        reap()
    }

    private func reap() {
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
        isReaped = true
    }

    /// Readable when the supervisor said something, or ended.
    package var descriptor: Int32 { socket.descriptor }

    /// Whether it could still be told.
    @discardableResult
    package func send(_ order: SupervisorOrder) -> Bool { socket.send(order.words) }

    package enum News: Equatable {
        case report(SupervisorReport)
        case nothing
        /// The supervisor ended, and with it all processes of the container.
        case gone
    }

    /// What it said next. ``News/gone`` comes last, and once its process was taken notice of.
    package func next() -> News {
        while true {
            switch socket.receive() {
            case .nothing: return .nothing
            case .words(let words):
                if let report = SupervisorReport(words: words) { return .report(report) }
            case .end:
                if !isReaped { reap() }
                return .gone
            }
        }
    }
}
