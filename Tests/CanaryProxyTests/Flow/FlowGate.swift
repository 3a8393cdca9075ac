// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What the sender and the receiver of bodies know of each other, so that either can wait for the other to wait.
final class FlowGate: @unchecked Sendable {
    // All that follows is only touched under the mutex.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var sent = 0
    private var received = 0
    /// The sender can't go on, or has nothing to send.
    private var isStuck = true

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    private func update(_ change: () -> Void) {
        pthread_mutex_lock(mutex)
        change()
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }

    /// Waits for at most a minute, like the sockets.
    private func wait(until isTrue: () -> Bool) throws {
        var limit = timespec()
        clock_gettime(CLOCK_REALTIME, &limit)
        limit.tv_sec += 60
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !isTrue() {
            guard pthread_cond_timedwait(changed, mutex, &limit) == 0 else { throw FlowFailure.stalled }
        }
    }

    func setStuck(_ value: Bool) { update { isStuck = value } }
    func didSend(_ count: Int) { update { sent += count } }
    func didReceive(_ count: Int) { update { received += count } }

    func waitUntilStuck() throws { try wait { isStuck } }

    /// The sender's: waits until everything arrived.
    func waitUntilReceived() throws {
        setStuck(true)
        try wait { received == sent }
        setStuck(false)
    }
}

enum FlowFailure: Error {
    case stalled
    case ended(errno: Int32)
    case wrongBytes(number: Int, offset: Int)
    case wrongLength(Int)
    case unexpected(String)
}
