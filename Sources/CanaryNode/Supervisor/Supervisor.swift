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

    let container: SupervisedContainer
    let environment: [String: String]
    let node: MessageSocket
    private let output: OutputPipe
    private let signals: Int32
    private let groups: JoinedGroups
    private var log: ContainerLog
    /// The first process; of an image, the tool that is attached to it.
    var pid: pid_t = -1
    private(set) var end: ProcessEnd?
    var isToEnd = false
    private var tookTooMuchMemory = false
    private var nodeIsGone = false
    var commands: [BesideCommand] = []
    /// Of an image alone.
    var tool: ToolState?

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
        tool = container.image.map {
            ToolState($0, tool: container.command[0], directory: container.workingDirectory)
        }
    }

    private func run() {
        do throws(LaunchFailure) {
            try begin()
        } catch {
            groups.remove(nodes: false)
            node.send(SupervisorReport.failed(error).words)
            return
        }
        while end == nil, !isToEnd { turn() }
        let outcome = tool == nil ? nil : settleTool()
        ProcessFamily.endDescendants(controlGroup: groups.unified, reap: noticeEnd)
        takeAllOutput()
        log.finish(at: Clock.wallNanoseconds())
        let ranOut = tookTooMuchMemory || groups.ranOutOfMemory
        groups.remove(nodes: nodeIsGone)
        guard let report = outcome ?? end.map({ .ended($0, outOfMemory: ranOut) }) else { return }
        node.send(report.words)
    }

    private func begin() throws(LaunchFailure) {
        if tool != nil {
            try askTool(.create, container.command, milliseconds: nil)
        } else {
            pid = try launch(container.command, into: output)
            node.send(SupervisorReport.started(pid: pid).words)
        }
    }

    /// Attaches the tool to what it made.
    func launchTool(_ words: [String]) throws(LaunchFailure) { pid = try launch(words, into: output) }

    func launch(_ command: [String], into output: OutputPipe) throws(LaunchFailure) -> pid_t {
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
    func turn() {
        let pipes = ([output] + commands.map(\.output)).filter { !$0.hasEnded }
        let others = [nodeIsGone ? -1 : node.descriptor, signals, tool?.watch.descriptor ?? -1]
        var polled = (others + pipes.map(\.reader)).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        guard unsafe poll(&polled, nfds_t(polled.count), timeout) >= 0 || errno == EINTR else {
            isToEnd = true
            return
        }
        if polled[2].revents != 0 { tool?.watch.noticeEnd() }
        let written = output.read()
        tool?.take(written)
        log.append(written, at: Clock.wallNanoseconds())
        for index in commands.indices { commands[index].takeOutput() }
        takeSignals()
        takeOrders()
        endLateCommands()
        lookAtTool()
    }

    /// In milliseconds, as poll(2) has it: until the first command has to end.
    private var timeout: Int32 {
        guard let deadline = (commands.map(\.deadline) + [tool?.nextLook].compactMap(\.self)).min() else {
            return -1
        }
        return Int32(clamping: max(0, deadline - Clock.monotonicMilliseconds()))
    }

    private func takeSignals() {
        var info = signalfd_siginfo()
        while unsafe read(signals, &info, MemoryLayout<signalfd_siginfo>.size) > 0 {
            // Whoever ends the supervisor means the container.
            if info.ssi_signo != UInt32(SIGCHLD) { isToEnd = true }
        }
        if !ProcessFamily.collect(noticeEnd), tool == nil { isToEnd = true }
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
        while !nodeIsGone {
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
        case .signal(let number):
            guard end == nil else { return }
            if tool == nil { Glibc.kill(pid, number) } else { signalTool(number) }
        case .kill: isToEnd = true
        case .endForMemory: (isToEnd, tookTooMuchMemory) = (true, end == nil)
        case .execute(let id, let milliseconds, let words):
            do throws(LaunchFailure) {
                let mark = tool.map { _ in "\(CommandRun.mark)=\(UUID.random())" }
                let words = mark.flatMap { tool?.execution(of: words, mark: $0) } ?? words
                try execute(words, id: id, milliseconds: Int64(milliseconds), mark: mark)
            } catch {
                node.send(SupervisorReport.notExecuted(id: id, error).words)
            }
        }
    }

    /// - Parameter milliseconds: `nil` for as long as it takes.
    func execute(
        _ words: [String],
        id: Int,
        milliseconds: Int64?,
        mark: String? = nil
    ) throws(LaunchFailure) {
        guard let output = OutputPipe() else { throw LaunchFailure(.fork, errno) }
        let deadline = milliseconds.map { Clock.monotonicMilliseconds() + $0 } ?? .max
        let pid = try launch(words, into: output)
        commands.append(BesideCommand(id: id, pid: pid, output: output, deadline: deadline, mark: mark))
    }

    private func endLateCommands() {
        let now = Clock.monotonicMilliseconds()
        for command in commands where command.deadline <= now {
            command.giveUp()
            report(command, nil)
        }
        commands.removeAll { $0.deadline <= now }
    }

    private func report(_ command: BesideCommand, _ end: ProcessEnd?) {
        if let step = ToolState.Step(rawValue: command.id) {
            hearTool(step, end, command.cleanText)
        } else {
            node.send(SupervisorReport.executed(id: command.id, end, output: command.cleanText).words)
        }
    }

    private func takeAllOutput() {
        while case let bytes = output.read(), !bytes.isEmpty {
            log.append(bytes, at: Clock.wallNanoseconds())
        }
    }
}
