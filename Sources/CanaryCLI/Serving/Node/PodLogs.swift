// SPDX-License-Identifier: Apache-2.0

import CanaryNode
import CanaryResources
import Glibc
import Synchronization

/// Prints what pods write, each line behind the name of its pod.
final class PodLogs: Sendable {
    private struct Tail {
        let title: String
        let tail: LogTail
        var isGone = false
    }

    private struct State {
        var tails: [String: Tail] = [:]
        var pods: [ResourceKey: Resource] = [:]
    }

    private let state = Mutex(State())
    private let directory: String

    init(_ directory: String) {
        self.directory = directory
    }

    func take(_ news: NodeNews) {
        state.withLock { state in
            for pod in news.changed { state.pods[pod.key] = pod }
            for key in news.removed { state.pods[key] = nil }
        }
    }

    func print() {
        let lines = state.withLock { state in
            var lines: [String] = []
            var present: Set<String> = []
            for pod in state.pods.values {
                let logs = PodLogFiles.logs(of: pod, in: directory)
                for log in logs {
                    present.insert(log.path)
                    guard state.tails[log.path] == nil else { continue }
                    let title = logs.count == 1 ? pod.name : "\(pod.name)/\(log.container)"
                    state.tails[log.path] = Tail(title: title, tail: LogTail(log.path))
                }
            }
            for (path, tail) in state.tails {
                lines += tail.tail.next().map { "\(tail.title) | \(TerminalText.message($0.text))" }
                // What is gone was read to its end by now.
                if !present.contains(path) { state.tails[path] = nil }
            }
            return lines
        }
        let stream = OutputStream.descriptor(STDOUT_FILENO, columns: nil)
        for line in lines { stream.writeLine(line) }
        stream.flush()
    }
}
