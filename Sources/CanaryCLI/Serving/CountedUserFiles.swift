// SPDX-License-Identifier: Apache-2.0

import CanaryRouting
import CanaryStore
import CanarySystem
import Glibc
import Synchronization

/// Which users the proxies of a store have counted, in files of its directory that all of them map.
final class CountedUserFiles: MarkMemory {
    private struct State {
        var places: [Weak] = []
        var failure = ""
    }

    private struct Weak: Sendable {
        weak let place: SharedMemory?
    }

    private let directory: String
    private let log: ServiceLog
    private let state = Mutex(State())

    init(_ location: StoreLocation, _ log: ServiceLog) {
        directory = location.path(of: "users")
        self.log = log
    }

    func place(named name: String, bytes: Int) -> (any MarkPlace)? {
        unsafe mkdir(directory, 0o700)
        do throws(SystemCallError) {
            let made = try SharedMemory(path: "\(directory)/\(name)", size: bytes)
            state.withLock { state in
                state.places.removeAll { $0.place == nil }
                state.places.append(Weak(place: made))
                state.failure = ""
            }
            return made
        } catch {
            let reason = error.reason
            let isNew = state.withLock { state in
                defer { state.failure = reason }
                return state.failure != reason
            }
            if isNew {
                log.warn(
                    "users are counted by each proxy for itself: cannot map \(directory)/\(name): \(reason)"
                )
            }
            return nil
        }
    }

    /// Takes away what was left behind.
    func clean() {
        for name in (try? FileReader.names(in: directory).get()) ?? [] {
            SharedMemory.removeUnused(path: "\(directory)/\(name)")
        }
    }

    /// Takes away what nobody else has: the process ends.
    func leave() {
        for weak in state.withLock({ $0.places }) { weak.place?.leave() }
        unsafe rmdir(directory)
    }
}

extension SharedMemory: MarkPlace {}
