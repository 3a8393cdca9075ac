// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryStore
import Glibc

/// `rollout watch` on a terminal: the page, and its keys.
final class RolloutPageWatch {
    private let session: ClusterSession
    private let page: TerminalPage
    private let host: String
    private var timeline: RolloutTimeline
    private var asked: KeyCommand?
    private var running: RunningCommand?
    private var notice: String?
    private var pods: [String: RolloutScreen.Pods] = [:]
    private var podsAreDue = ContinuousClock.now
    private var hasController = true
    private var controllerIsDue = ContinuousClock.now
    /// Whether somebody wants to see no more.
    private(set) var isLeft = false

    /// `nil` where standard output or standard input is no terminal, or one that cannot show pages.
    init?(_ session: ClusterSession, _ rollout: StoredRollout) {
        let context = session.context
        guard context.standardOutput.isTerminal, isatty(STDIN_FILENO) == 1, TerminalPage.size() != nil,
            !["", "dumb"].contains(context.environment["TERM"] ?? "")
        else { return nil }
        self.session = session
        host = rollout.record.host
        timeline = RolloutTimeline(rollout.state.plan)
        let style = Style(session.settings.color, for: context.standardOutput, in: context)
        page = TerminalPage(context.standardOutput, style: ScreenStyle(style))
        take(rollout)
    }

    func enter() { page.enter() }
    func leave() { page.leave() }

    /// Looks once a second at what is no part of the journal.
    func look(_ rollout: StoredRollout, _ view: StoredCluster) throws {
        let now = ContinuousClock.now
        guard now >= podsAreDue else { return }
        podsAreDue = now.advanced(by: .seconds(1))
        pods = try VersionPods(rollout: rollout, now: session.context.now()).look(view)
    }

    /// Shows what has been written since.
    func show(_ rollout: StoredRollout) {
        take(rollout)
        listen(rollout)
        draw()
    }

    private func take(_ rollout: StoredRollout) {
        if timeline.state.number == 0, case .started(let plan) = rollout.entries.first?.event {
            timeline = RolloutTimeline(plan)
        }
        let known = timeline.state.number
        for entry in rollout.entries.drop(while: { $0.number <= known }) where !timeline.add(entry) { return }
    }

    private func draw() {
        guard let size = TerminalPage.size() else { return }
        let screen = RolloutScreen(
            host: HostName.short(host),
            timeline: timeline,
            pods: pods,
            notice: notice ?? warning,
            columns: size.columns,
            rows: size.rows
        )
        page.show(screen.lines, columns: size.columns, rows: size.rows)
    }

    /// Looked at once a second.
    private var warning: String? {
        let now = ContinuousClock.now
        if now >= controllerIsDue {
            controllerIsDue = now.advanced(by: .seconds(1))
            hasController = ControllerLock.holder(at: session.location) != nil
        }
        let isOver = [.promoted, .aborted].contains(timeline.state.phase)
        return hasController || isOver ? nil : "no controller runs: canaryctl rollout run starts one   q quit"
    }

    // MARK: - Keys

    private func listen(_ rollout: StoredRollout) {
        if let command = running, let said = command.result() {
            notice = "$ \(command.line): \(said)"
            running = nil
        }
        for key in page.keys() { press(key, rollout) }
    }

    private func press(_ key: UInt8, _ rollout: StoredRollout) {
        if let command = asked {
            asked = nil
            notice = nil
            if key == UInt8(ascii: "y") { start(command) }
            return
        }
        switch key {
        case UInt8(ascii: "q"), 0x1C: isLeft = true
        case 0x1A: page.suspend()
        default:
            notice = nil
            let name = session.settings.inCommands(host)
            guard running == nil, let command = KeyCommand(key, name, rollout) else { return }
            guard !command.needsConfirmation else {
                asked = command
                notice = "$ \(command.line)   y runs it, any other key does not"
                return
            }
            start(command)
        }
    }

    private func start(_ command: KeyCommand) {
        notice = "$ \(command.line)"
        do {
            running = try command.start(session)
        } catch {
            notice = (error as? CommandError)?.message
        }
    }
}
