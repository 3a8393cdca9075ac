// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import Glibc

/// The process between a node and one run of a container.
///
/// It keeps the container's output, and outlives neither side: when the node ends, however it does, so does the connection, and all
/// processes of the container are killed; when the container's first process ends, so do those that it left behind.
package final class Supervisor {
    /// The first word of a command line that makes this program a supervisor; nobody types it.
    package static let word = "---supervisor"

    /// Under which a supervisor finds its end of the connection to the node.
    package static let nodeDescriptor: Int32 = 3

    private let container: SupervisedContainer
    private let environment: [String: String]
    private let node: MessageSocket
    private let output: OutputPipe
    private let signals: Int32
    private let groups: JoinedGroups
    private var log: ContainerLog
    private var pid: pid_t = -1
    private var end: ProcessEnd?
    private var isToEnd = false
    private var nodeIsGone = false
    private var commands: [BesideCommand] = []

    /// Runs it to its end, in a process of its own.
    ///
    /// - Returns: the process' exit status.
    package static func run(_ arguments: some Collection<String>) -> Int32 {
        guard let container = SupervisedContainer(arguments: arguments),
            let supervisor = Supervisor(container, MessageSocket(nodeDescriptor))
        else { return EX_USAGE }
        supervisor.run()
        return EX_OK
    }

    private init?(_ container: SupervisedContainer, _ node: MessageSocket) {
        _ = fcntl(node.descriptor, F_SETFD, FD_CLOEXEC)
        guard canary_become_subreaper() == 0 else { return nil }
        var known = sigset_t()
        unsafe sigemptyset(&known)
        for signal in [SIGCHLD, SIGTERM, SIGINT, SIGHUP] { unsafe sigaddset(&known, signal) }
        unsafe sigprocmask(SIG_BLOCK, &known, nil)
        signals = unsafe signalfd(-1, &known, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
        guard signals >= 0, let output = OutputPipe() else { return nil }
        self.container = container
        self.node = node
        self.output = output
        environment = CurrentProcess.environment
        groups = JoinedGroups(container.controlGroups)
        log = ContainerLog(path: container.log)
    }

    private func run() {
        do throws(LaunchFailure) {
            pid = try launch(container.command, into: output)
        } catch {
            groups.remove(nodes: false)
            node.send(SupervisorReport.failed(error).words)
            return
        }
        node.send(SupervisorReport.started(pid: pid).words)
        while end == nil, !isToEnd { turn() }
        ProcessFamily.endDescendants(controlGroup: groups.unified, reap: noticeEnd)
        takeAllOutput()
        log.finish(at: Clock.wallNanoseconds())
        let ranOut = groups.ranOutOfMemory
        groups.remove(nodes: nodeIsGone)
        guard let end else { return }
        node.send(SupervisorReport.ended(end, outOfMemory: ranOut).words)
    }

    private func launch(_ command: [String], into output: OutputPipe) throws(LaunchFailure) -> pid_t {
        defer { output.closeWriter() }
        return try ProcessLaunch(
            command: command,
            environment: environment,
            workingDirectory: container.workingDirectory,
            user: container.user,
            groups: groups.descriptors,
            output: output.writer
        ).start()
    }

    /// Waits for whatever comes next, and acts on it.
    private func turn() {
        let pipes = ([output] + commands.map(\.output)).filter { !$0.hasEnded }
        var polled = ([node.descriptor, signals] + pipes.map(\.reader)).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        guard unsafe poll(&polled, nfds_t(polled.count), timeout) >= 0 || errno == EINTR else {
            isToEnd = true
            return
        }
        log.append(output.read(), at: Clock.wallNanoseconds())
        for index in commands.indices { commands[index].takeOutput() }
        takeSignals()
        takeOrders()
        endLateCommands()
    }

    /// In milliseconds, as poll(2) has it: until the first command has to end.
    private var timeout: Int32 {
        guard let deadline = commands.map(\.deadline).min() else { return -1 }
        return Int32(clamping: max(0, deadline - Clock.monotonicMilliseconds()))
    }

    private func takeSignals() {
        var info = signalfd_siginfo()
        while unsafe read(signals, &info, MemoryLayout<signalfd_siginfo>.size) > 0 {
            // Whoever ends the supervisor means the container.
            if info.ssi_signo != UInt32(SIGCHLD) { isToEnd = true }
        }
        if !ProcessFamily.collect(noticeEnd) { isToEnd = true }
    }

    private func noticeEnd(_ ended: pid_t, _ status: Int32) {
        if ended == pid {
            end = ProcessEnd(waitStatus: status)
        } else if let index = commands.firstIndex(where: { $0.pid == ended }) {
            var command = commands.remove(at: index)
            command.takeOutput()
            command.kill()
            report(command, ProcessEnd(waitStatus: status))
        }
    }

    private func takeOrders() {
        while true {
            switch node.receive() {
            case .nothing: return
            case .end:
                (isToEnd, nodeIsGone) = (true, true)
                return
            case .words(let words):
                guard let order = SupervisorOrder(words: words) else { continue }
                obey(order)
            }
        }
    }

    private func obey(_ order: SupervisorOrder) {
        switch order {
        case .signal(let number): if end == nil { Glibc.kill(pid, number) }
        case .kill: isToEnd = true
        case .execute(let id, let milliseconds, let words):
            do throws(LaunchFailure) {
                guard let output = OutputPipe() else { throw LaunchFailure(.fork, errno) }
                let deadline = Clock.monotonicMilliseconds() + Int64(milliseconds)
                commands.append(
                    BesideCommand(
                        id: id,
                        pid: try launch(words, into: output),
                        output: output,
                        deadline: deadline
                    )
                )
            } catch {
                node.send(SupervisorReport.notExecuted(id: id, error).words)
            }
        }
    }

    private func endLateCommands() {
        let now = Clock.monotonicMilliseconds()
        for command in commands where command.deadline <= now {
            command.kill()
            report(command, nil)
        }
        commands.removeAll { $0.deadline <= now }
    }

    private func report(_ command: BesideCommand, _ end: ProcessEnd?) {
        node.send(SupervisorReport.executed(id: command.id, end, output: command.cleanText).words)
    }

    private func takeAllOutput() {
        while case let bytes = output.read(), !bytes.isEmpty {
            log.append(bytes, at: Clock.wallNanoseconds())
        }
    }
}
