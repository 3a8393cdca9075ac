// SPDX-License-Identifier: Apache-2.0

import CanaryNode
import CanaryResources
import CanaryStore
import CanarySystem
import Glibc
import Synchronization

/// Writes what becomes of a node's pods into `runtime.db`, and reads there which ones others want to end, in a thread of its own:
/// whoever holds that file keeps no pod waiting.
final class PodReporter: Sendable {
    private struct State {
        var pods: [ResourceKey: Resource] = [:]
        var changed: Set<ResourceKey> = []
        var removed: Set<ResourceKey> = []
        /// Counts what was taken.
        var version: Int64 = 0
    }

    private let state = Mutex(State())
    private let event = EventDescriptor()
    private let location: StoreLocation
    private let mailbox: NodeMailbox
    let record: NodeRecord
    private let log: ServiceLog

    /// How long what could not be written waits for the next try.
    private static let retryMilliseconds: Int32 = 1000
    /// How long a pod that changes again and again is only written once.
    private static let pauseMilliseconds: Int32 = 20

    init(_ location: StoreLocation, _ mailbox: NodeMailbox, startedAt: Int64, _ log: ServiceLog) {
        self.location = location
        self.mailbox = mailbox
        self.log = log
        record = NodeRecord(
            id: "\(getpid())-\(startedAt)",
            process: .current,
            startedAt: startedAt,
            version: Version.text
        )
    }

    func take(_ news: NodeNews) {
        state.withLock { state in
            state.version += 1
            for pod in news.changed {
                state.pods[pod.key] = pod
                state.changed.insert(pod.key)
                state.removed.remove(pod.key)
            }
            for key in news.removed {
                state.pods[key] = nil
                state.changed.remove(key)
                state.removed.insert(key)
            }
        }
        event.signal()
    }

    /// Whoever looks for the node finds it from here on, with or without pods. What is wrong with the file, ``run(until:)`` tells.
    func makeKnown() {
        try? makeRuntime().report(record, pods: [])
    }

    func makeRuntime() -> RuntimeStore { RuntimeStore(at: location) { [log] in log.warn($0) } }

    /// What was taken last, as ``PodsPoint`` has it.
    var version: Int64 { state.withLock(\.version) }

    func run(until stop: EventDescriptor) {
        let runtime = makeRuntime()
        let deletions = DeletionWatch(at: location)
        var told = ""
        var isKnown = false
        while !stop.wait(milliseconds: Self.pauseMilliseconds) {
            deletions.renew()
            do throws(StoreError) {
                if !isKnown {
                    let (pods, version) = state.withLock { (Array($0.pods.values), $0.version) }
                    try runtime.report(record, pods: pods, version: version)
                }
                isKnown = try write(to: runtime)
                if isKnown { passOn(try runtime.takeDeletions()) }
                told = ""
            } catch {
                if told != error.message {
                    log.warn("\(error.message); others do not see what becomes of pods")
                }
                told = error.message
                stop.wait(milliseconds: Self.retryMilliseconds)
                continue
            }
            if isKnown { wait(stop, deletions) }
        }
        try? runtime.remove(node: record.id)
    }

    /// Whether the file still knows the node.
    private func write(to runtime: RuntimeStore) throws(StoreError) -> Bool {
        event.clear()
        let (changed, removed, version) = state.withLock { state in
            (state.changed.compactMap { state.pods[$0] }, Array(state.removed), state.version)
        }
        let isKnown = try runtime.change(
            podsOf: record.id,
            changed: changed,
            removed: removed,
            version: version
        )
        state.withLock { state in
            for pod in changed where state.pods[pod.key]?.stored == pod.stored {
                state.changed.remove(pod.key)
            }
            for key in removed where state.pods[key] == nil { state.removed.remove(key) }
        }
        return isKnown
    }

    private func passOn(_ deletions: [PodDeletion]) {
        let pods = state.withLock(\.pods)
        for deletion in deletions where pods[deletion.key]?.stored?.uid == deletion.uid {
            mailbox.put(.delete(deletion.key, gracePeriod: deletion.gracePeriod))
        }
    }

    /// For news, or once a second: the file may have been moved away.
    private func wait(_ stop: EventDescriptor, _ deletions: DeletionWatch) {
        let end = Clock.monotonicMilliseconds() + Int64(Self.retryMilliseconds)
        while true {
            var polled = [event.descriptor, stop.descriptor, deletions.descriptor].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            let left = max(0, end - Clock.monotonicMilliseconds())
            unsafe poll(&polled, 3, Int32(clamping: left))
            let isForOthers = polled[0].revents == 0 && polled[1].revents == 0 && polled[2].revents != 0
            if left == 0 || !isForOthers || deletions.hasNews() { return }
        }
    }
}
