// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanaryRollout
import CanaryStore
import CanarySystem

/// Shows what a rollout does until it ends, and is its controller where nobody else is.
struct RolloutWatch {
    enum Form: Equatable {
        case text
        /// A `RolloutStatus` a line.
        case lines
    }

    /// How long those are waited for who are told of the end, in milliseconds.
    private static let noticePatience: Int64 = 5000

    let session: ClusterSession
    let timeout: Duration?
    let form: Form

    func run(_ rollout: StoredRollout, controls: Bool = false, tellsPast: Bool = false) throws -> ExitStatus {
        let signals = try SignalReader()
        let page = form == .text ? RolloutPageWatch(session, rollout) : nil
        page?.enter()
        let result = Result { try follow(rollout, controls, signals, page) }
        page?.leave()
        let (status, last) = try result.get()
        // What stays in the terminal when the page is gone.
        if page != nil { session.context.standardOutput.write(RolloutReport(rollout: last).text) }
        return status
    }

    private func follow(
        _ rollout: StoredRollout,
        _ controls: Bool,
        _ signals: SignalReader,
        _ page: RolloutPageWatch?
    ) throws -> (status: ExitStatus, rollout: StoredRollout) {
        var rollout = rollout
        var service = controls ? try RolloutService(session) : nil
        defer { service?.stop(patience: rollout.hasEnded ? Self.noticePatience : 0) }
        let patience = timeout.map { ContinuousClock.now.advanced(by: $0) }
        if form == .lines { write(rollout) }
        while true {
            try service?.turn()
            let steps = try session.read { view -> [(entry: JournalEntry, state: RolloutState)] in
                guard let reader = view.reader else { return [] }
                let steps = try rollout.readOn(reader)
                try rollout.look(reader, session.settings)
                try page?.look(rollout, view)
                return steps
            }
            if let page { page.show(rollout) } else { show(steps, rollout) }
            if rollout.hasEnded {
                return (rollout.phase == .promoted ? .success : .failure, rollout)
            }
            session.context.standardOutput.flush()
            guard session.context.standardOutput.isOpen else { return (.success, rollout) }
            if let patience, ContinuousClock.now >= patience { return (.timedOut, rollout) }
            let milliseconds = RolloutController.pauseMilliseconds
            let signal = signals.next(milliseconds: milliseconds, orInput: page != nil)
            // Whoever leaves the page has seen enough; the rollout goes on.
            if signal != nil || page?.isLeft == true { return (.interrupted, rollout) }
            // Whoever was the controller may have ended.
            if controls, service == nil { service = try RolloutService(session) }
        }
    }

    private func show(_ steps: [(entry: JournalEntry, state: RolloutState)], _ rollout: StoredRollout) {
        guard form == .text else {
            if !steps.isEmpty { write(rollout) }
            return
        }
        for step in steps {
            guard let sentence = step.entry.sentence(step.state) else { continue }
            let time = CalendarTime(milliseconds: step.entry.wallMilliseconds).text
            session.context.standardOutput.writeLine("\(time) \(TerminalText.escape(sentence))")
        }
    }

    private func write(_ rollout: StoredRollout) {
        session.context.standardOutput.writeLine(
            JSONWriter.write(RolloutReport(rollout: rollout).node, pretty: false)
        )
    }
}
