// SPDX-License-Identifier: Apache-2.0

import CanaryNode
import CanaryResources
import Glibc
import Synchronization

/// Prints what pods write, each line behind the name of its pod.
final class PodLogs: Sendable {
    private struct State {
        var logs: FollowedLogs
        var pods: [ResourceKey: Resource] = [:]
        /// By a pod's name: how many wrote anything before it did.
        var numbers: [Substring: Int] = [:]
        var nextNumber = 0
        /// Whether pods changed since the last look.
        var hasNews = false

        mutating func look() {
            guard hasNews else { return }
            hasNews = false
            logs.look(at: Array(pods.values))
            let names = Set(pods.keys.map { Substring($0.name) })
            numbers = numbers.filter { names.contains($0.key) }
        }

        mutating func number(of pod: Substring) -> Int {
            if let number = numbers[pod] { return number }
            defer { nextNumber += 1 }
            numbers[pod] = nextNumber
            return nextNumber
        }
    }

    private let state: Mutex<State>
    private let style: Style

    init(_ directory: String, _ style: Style) {
        self.style = style
        var logs = FollowedLogs(directory, container: nil)
        // All that comes is new.
        logs.look(at: [])
        state = Mutex(State(logs: logs))
    }

    /// Of a pod that is gone, the files are there until this returns.
    func take(_ news: NodeNews) {
        state.withLock { state in
            for pod in news.changed { state.pods[pod.key] = pod }
            state.hasNews = true
            guard !news.removed.isEmpty else { return }
            state.look()
            state.logs.open()
            for key in news.removed { state.pods[key] = nil }
            state.hasNews = true
        }
    }

    func print() {
        let lines = state.withLock { state in
            state.look()
            var written: [(title: String, lines: [LogLine])] = []
            state.logs.next { written.append(($0, $1)) }
            return written.flatMap { title, lines in
                let name = style.name("\(title) |", of: state.number(of: title.prefix { $0 != "/" }))
                return lines.map { "\(name) \(TerminalText.message($0.text))" }
            }
        }
        let stream = OutputStream.descriptor(STDOUT_FILENO, columns: nil)
        for line in lines { stream.writeLine(line) }
        stream.flush()
    }
}
