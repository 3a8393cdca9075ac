// SPDX-License-Identifier: Apache-2.0

import CanaryNode
import CanaryResources

/// The logs of pods, run by run, as they are written: a container that begins again has another one, and so has a pod that comes.
struct FollowedLogs {
    private struct Owner: Hashable {
        var uid: String
        var container: String
    }

    private struct Reading {
        var owner: Owner
        var title: String
        var run: Int
        var tail: LogTail
    }

    private let directory: String
    private let container: String?
    private var readings: [Reading] = []
    /// The last run of each container that is known.
    private var runs: [Owner: Int] = [:]
    private var lastTitle: String?
    /// Whether lines need the name of who wrote them.
    private(set) var hasSeveral = false
    private var hasLooked = false

    /// - Parameters:
    ///   - directory: where the node keeps the logs of pods.
    ///   - container: the only one that is wanted; `nil` for all.
    init(_ directory: String, container: String?) {
        self.directory = directory
        self.container = container
    }

    /// Whether there is no container that could write.
    var isEmpty: Bool { runs.isEmpty }

    /// Notices what has begun and what is gone. It is read to its end before it is forgotten.
    ///
    /// - Parameter back: how many runs before the last.
    mutating func look(at pods: [Resource], back: Int = 0) {
        var present: [Owner: Int] = [:]
        for pod in pods {
            let isAlone = pod.body["spec"]?["containers"]?.items.count == 1
            for log in PodLogFiles.logs(of: pod, in: directory, back: back)
            where container == nil || log.container == container {
                let owner = Owner(uid: pod.stored?.uid ?? "", container: log.container)
                present[owner] = log.run
                begin(log, of: owner, isAlone ? pod.name : "\(pod.name)/\(log.container)")
            }
        }
        runs = present
        hasLooked = true
    }

    private mutating func begin(_ log: PodLogFiles.Log, of owner: Owner, _ title: String) {
        // Of runs that came and went between two looks, the last one is still kept.
        let first = max(runs[owner].map { $0 + 1 } ?? (hasLooked ? 0 : log.run), log.run - 1)
        guard first <= log.run else { return }
        hasSeveral = hasSeveral || lastTitle.map { $0 != title } ?? false
        lastTitle = title
        for run in first...log.run {
            readings.append(
                Reading(owner: owner, title: title, run: run, tail: LogTail(log.ofRun(run).path))
            )
        }
    }

    /// Keeps what was written readable although its files are about to be removed.
    func open() {
        for reading in readings { reading.tail.open() }
    }

    /// The lines that came since the last call, with the name of the pod that wrote them, or of its container.
    mutating func next(_ use: (_ title: String, _ lines: [LogLine]) -> Void) {
        for reading in readings {
            let lines = reading.tail.next()
            if !lines.isEmpty { use(reading.title, lines) }
        }
        readings.removeAll { runs[$0.owner] != $0.run }
    }
}
