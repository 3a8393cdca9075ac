// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import Glibc

/// A container of an image: the tool makes it, is attached to it while it runs, and removes it. Without daemon, as with podman, its
/// processes are below this one; with one, as with docker, it is removed by name all the same.
extension Supervisor {
    private static let answerMilliseconds: Int64 = 20_000
    /// A tool that could not remove a container may be able to a moment later.
    private static let mostRemovals = 3

    func askTool(_ step: ToolState.Step, _ words: [String], milliseconds: Int64?) throws(LaunchFailure) {
        try execute(words, id: step.rawValue, milliseconds: milliseconds)
    }

    func signalTool(_ number: Int32) {
        guard let words = tool?.signal(number) else { return }
        try? askTool(.signal, words, milliseconds: Self.answerMilliseconds)
    }

    /// Sees whether it has begun, when that is due.
    func lookAtTool() {
        guard let tool, let time = tool.nextLook, time <= Clock.monotonicMilliseconds() else { return }
        self.tool?.nextLook = nil
        do throws(LaunchFailure) {
            try askTool(.look, tool.inspection, milliseconds: Self.answerMilliseconds)
        } catch {
            lookLater()
        }
    }

    private func lookLater() {
        tool?.nextLook = Clock.monotonicMilliseconds() + ToolState.lookMilliseconds
    }

    func hearTool(_ step: ToolState.Step, _ end: ProcessEnd?, _ text: String) {
        switch step {
        case .create: hearCreation(end, text)
        case .look: hearSight(ToolState.sight(text))
        case .signal: break
        case .settle, .remove, .findImage: tool?.answers[step] = (end, text)
        }
    }

    private func hearCreation(_ end: ProcessEnd?, _ text: String) {
        guard end == .exited(0), let words = tool?.attachment else {
            tool?.refusal = ToolState.reason(in: text)
            isToEnd = true
            return
        }
        do throws(LaunchFailure) {
            try launchTool(words)
            tool?.nextLook = Clock.monotonicMilliseconds()
        } catch {
            tool?.refusal = "\(words[0]) cannot be started: \(SystemCallError(error.number).reason)"
            isToEnd = true
        }
    }

    private func hearSight(_ sight: ToolState.Sight?) {
        guard end == nil, !isToEnd else { return }
        guard let sight, sight.pid > 0 else {
            lookLater()
            return
        }
        tool?.isStarted = true
        tool?.stopSignal = sight.stopSignal
        tool?.watch.begin(sight.pid)
        node.send(SupervisorReport.started(pid: sight.pid).words)
    }

    // MARK: - The end

    /// Finds out what came of the container, and has it removed.
    func settleTool() -> SupervisorReport? {
        guard let tool else { return nil }
        self.tool?.nextLook = nil
        // What still goes on, such as a pull, is of no use any more.
        for command in commands { command.giveUp() }
        let report = isToEnd ? refusal(tool) : outcome(of: ask(.settle, tool.inspection).text)
        for _ in 0..<Self.mostRemovals where ask(.remove, tool.removal).end != .exited(0) {
            usleep(useconds_t(ToolState.lookMilliseconds) * 1000)
        }
        return report
    }

    private func outcome(of text: String) -> SupervisorReport {
        let sight = ToolState.sight(text)
        if tool?.isStarted == false {
            guard sight?.wasStarted ?? false else {
                let words = String(decoding: tool?.firstOutput ?? [], as: UTF8.self)
                return .refused(reason: "RunContainerError", message: ToolState.reason(in: words))
            }
            // It was fast.
            node.send(SupervisorReport.started(pid: 0).words)
        }
        let ranOut = sight?.wasOutOfMemory ?? false || tool?.watch.ranOut ?? false
        // One that still runs has lost the tool that was attached to it.
        let own = sight.flatMap { $0.pid == 0 ? ProcessEnd.exited($0.exitCode) : nil }
        return .ended(own ?? end ?? .signaled(SIGKILL), outOfMemory: ranOut)
    }

    private func refusal(_ tool: ToolState) -> SupervisorReport {
        guard let refusal = tool.refusal else {
            return .ended(.signaled(SIGKILL), outOfMemory: tool.watch.ranOut)
        }
        let hasImage = ask(.findImage, tool.imageInspection).end == .exited(0)
        return .refused(reason: hasImage ? "CreateContainerError" : "ErrImagePull", message: refusal)
    }

    /// Asks the tool, and waits for its answer while everything else goes on.
    private func ask(_ step: ToolState.Step, _ words: [String]) -> (end: ProcessEnd?, text: String) {
        tool?.answers[step] = nil
        do throws(LaunchFailure) {
            try askTool(step, words, milliseconds: Self.answerMilliseconds)
        } catch {
            return (nil, "")
        }
        while true {
            if let answer = tool?.answers[step] { return answer }
            turn()
        }
    }
}
