// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import Glibc
import Synchronization

/// Finds the addresses of host names beside the traffic, and again when they have grown old.
///
/// Look-ups run in threads that nobody waits for: a name server that is silent holds up neither other names nor the end of
/// the proxy. A name that cannot be resolved any more keeps the addresses that it had.
final class Resolver: Sendable {
    private struct Name {
        var addresses: [String] = []
        var dueAt: Int64
        var startedAt: Int64?
        /// The last look-up took long: others come first.
        var isSlow = false
        /// A look-up has ended, with or without addresses.
        var isAnswered = false
    }

    private struct State {
        var names: [String: Name] = [:]
        var threads = 0
        var isStopped = false
        var hasNews = false
    }

    /// Envoy's default refresh.
    private static let refresh: Int64 = 5000
    /// After so many milliseconds a look-up does not count as one of those at a time.
    private static let patience: Int64 = 500
    private static let atATime = 8
    /// How often somebody who waits for answers looks, in milliseconds.
    private static let answerPause: Int32 = 2
    private static let mostThreads = 64
    private static let mostSlow = 32

    private let lookUp: Proxy.NameLookUp
    /// In milliseconds.
    private let now: @Sendable () -> Int64
    private let state = Mutex(State())
    private let wakeEvent = EventDescriptor()

    init(
        lookUp: @escaping Proxy.NameLookUp,
        now: @escaping @Sendable () -> Int64 = { Clock.monotonicMilliseconds() }
    ) {
        self.lookUp = lookUp
        self.now = now
    }

    /// The names that are asked for may be others now.
    func wake() { wakeEvent.signal() }

    func stop() {
        state.withLock { $0.isStopped = true }
        wake()
    }

    /// Resolves until it is stopped; the body of a thread.
    ///
    /// - Parameters:
    ///   - wanted: the names that are needed now.
    ///   - publish: is told all that is known, each time that it changed; names without addresses have none.
    func run(wanted: () -> Set<String>, publish: ([String: [String]]) -> Void) {
        while true {
            let names = wanted()
            let (news, isStopped) = state.withLock { state in
                Self.follow(names, &state, now: now())
                defer { state.hasNews = false }
                return (state.hasNews ? state.names : nil, state.isStopped)
            }
            if isStopped { return }
            if let news { publish(news.filter(\.value.isAnswered).mapValues(\.addresses)) }
            startThreads()
            wait()
        }
    }

    /// Waits until each name was looked up, with or without success, or the time is over.
    func waitUntilAnswered(_ names: Set<String>, milliseconds: Int64) {
        let end = now() + milliseconds
        while now() < end {
            let isDone = state.withLock { state in names.allSatisfy { state.names[$0]?.isAnswered == true } }
            if isDone { return }
            poll(nil, 0, Self.answerPause)
        }
    }

    /// How many names are known, for tests.
    var count: Int { state.withLock { $0.names.count } }

    private static func follow(_ wanted: Set<String>, _ state: inout State, now: Int64) {
        for (host, name) in state.names where !wanted.contains(host) {
            state.names[host] = nil
            if name.isAnswered { state.hasNews = true }
        }
        for host in wanted where state.names[host] == nil { state.names[host] = Name(dueAt: now) }
    }

    // MARK: - Look-ups

    /// Starts as many threads as there are look-ups that may begin.
    private func startThreads() {
        while true {
            let mayStart = state.withLock { state in
                let now = now()
                let young = state.names.values.count { ($0.startedAt ?? .min) > now - Self.patience }
                guard young < Self.atATime, state.threads < Self.mostThreads,
                    Self.next(state, now: now) != nil
                else { return false }
                state.threads += 1
                return true
            }
            guard mayStart else { return }
            // It takes its first name here, so that the next round counts it.
            let first = takeName()
            let thread = Thread(name: "look-up") { [self] in
                var name = first
                while let host = name {
                    finish(host, lookUp(host))
                    name = takeName()
                }
                state.withLock { $0.threads -= 1 }
            }
            guard let thread else {
                state.withLock { state in
                    state.threads -= 1
                    if let first { state.names[first]?.startedAt = nil }
                }
                return
            }
            thread.detach()
        }
    }

    private func takeName() -> String? {
        state.withLock { state in
            let now = now()
            guard !state.isStopped, let host = Self.next(state, now: now) else { return nil }
            state.names[host]?.startedAt = now
            return host
        }
    }

    /// The name to look up next: the oldest of those that answer fast, then the others, while not too many of them wait.
    private static func next(_ state: State, now: Int64) -> String? {
        let due = state.names.filter { $0.value.startedAt == nil && $0.value.dueAt <= now }
        let fast = due.filter { !$0.value.isSlow }
        if let first = fast.min(by: { $0.value.dueAt < $1.value.dueAt }) { return first.key }
        let waiting = state.names.values.count { $0.isSlow && $0.startedAt != nil }
        guard waiting < mostSlow else { return nil }
        return due.min { $0.value.dueAt < $1.value.dueAt }?.key
    }

    private func finish(_ host: String, _ found: [String]?) {
        let isNews = state.withLock { state in
            guard var name = state.names[host] else { return false }
            let now = now()
            name.isSlow = now - (name.startedAt ?? now) > Self.patience
            name.startedAt = nil
            name.dueAt = now + Self.refresh
            let isNew = found.map { !$0.isEmpty && $0 != name.addresses } ?? false
            if isNew, let found { name.addresses = found }
            let isNews = isNew || !name.isAnswered
            name.isAnswered = true
            state.names[host] = name
            if isNews { state.hasNews = true }
            return isNews
        }
        if isNews { wake() }
    }

    /// Until the next look-up is due, names change, or one was found.
    private func wait() {
        let pause = state.withLock { state in
            let now = now()
            let due = state.names.values.filter { $0.startedAt == nil }.map(\.dueAt).min()
            // Those that are due already wait for look-ups that take their time.
            return due.map { Int32(clamping: max($0 - now, Self.patience / 2)) }
                ?? (state.names.isEmpty ? -1 : 1000)
        }
        if wakeEvent.wait(milliseconds: pause) { wakeEvent.clear() }
    }
}

/// Host names as the system resolves them: `/etc/hosts`, DNS, and whatever else is configured.
enum SystemNames {
    private static let mostAddresses = 256

    /// All IPv4 addresses of a name; the IPv6 ones where it has no others, as Istio's `V4_PREFERRED`.
    @Sendable static func lookUp(_ host: String) -> [String]? {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &list) == 0 else { return nil }
        defer { unsafe freeaddrinfo(list) }
        var found: [Int32: Set<String>] = [:]
        // The list is the library's, and stays until it is freed.
        var next = unsafe list
        while let entry = unsafe next?.pointee {
            if let address = unsafe SocketAddress(copying: entry.ai_addr, length: entry.ai_addrlen) {
                found[address.family, default: []].insert(address.host)
            }
            unsafe next = unsafe entry.ai_next
        }
        return (found[AF_INET] ?? found[AF_INET6]).map { Array($0.sorted().prefix(mostAddresses)) }
    }
}
