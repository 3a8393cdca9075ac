// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanaryResources
import CanarySystem

/// A notification on its way to one of its receivers. Delivering takes its time.
struct NoticeDelivery: Sendable {
    let notice: RolloutNotice
    let notification: RolloutNotification
    let scene: RolloutScene
    /// The controller's.
    let environment: [String: String]

    /// How often it is tried, and how long after a failure the next time comes, in milliseconds.
    static let pauses: [Int64] = [2000, 10_000]

    /// Why it was not delivered.
    ///
    /// - Parameter deadline: in milliseconds of the monotonic clock.
    func deliver(deadline: Int64, cancelledBy cancellation: EventDescriptor) -> String? {
        switch notification.receiver {
        case .webhook(let address): post(address, deadline, cancellation)
        case .command(let words): run(words, deadline, cancellation)
        case nil: "it has no receiver"
        }
    }

    private var values: [String: String] { scene.values(of: scene.canary) }

    private func post(_ address: String, _ deadline: Int64, _ cancellation: EventDescriptor) -> String? {
        let filled = Placeholders.fill(address, values)
        guard let url = HTTPURL(filled) else { return "\"\(filled)\" is no address of HTTP" }
        let body = scene.message([
            "eventType": notice.event.rawValue, "eventMessage": notice.sentence,
            "timestamp": String(notice.wallMilliseconds),
        ])
        do {
            let answer = try HTTPClient.answer(
                to: HTTPRequest(url, body: body),
                deadline: deadline,
                cancelledBy: cancellation
            )
            return answer.isGood ? nil : answer.sentence
        } catch {
            return error.reason
        }
    }

    private func run(_ words: [String], _ deadline: Int64, _ cancellation: EventDescriptor) -> String? {
        let own = ["CANARYCTL_EVENT": notice.event.rawValue, "CANARYCTL_MESSAGE": notice.sentence]
        let run = CommandRun(
            words.map { Placeholders.fill($0, values) },
            environment: environment.merging(scene.variables(of: scene.canary).merging(own) { $1 }) { $1 },
            deadline: deadline,
            cancelledBy: cancellation
        )
        return run.end == .exited(0) ? nil : run.sentence
    }
}
