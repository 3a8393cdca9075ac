// SPDX-License-Identifier: Apache-2.0

import CanaryMesh

/// The listeners of a proxy: those of its own, those that its tables ask for, and those that could not be opened.
struct ListenerSet: Sendable {
    private static let mostOwners = 8

    private let bindAddress: String
    private let workers: Int
    private let inheritance: Inheritance
    /// By rising numbers.
    private(set) var open: [OpenListener]
    private var refused: [ListenerSpec: ProxyError] = [:]
    private var next: Int

    /// `own` are open already.
    init(own: [OpenListener], bindAddress: String, workers: Int, inheritance: Inheritance) {
        open = own
        next = own.count
        self.bindAddress = bindAddress
        self.workers = workers
        self.inheritance = inheritance
    }

    /// What could not be opened, in words.
    var problems: [String] { refused.values.map(\.message).sorted() }

    /// Lets go of the listeners that nobody asks for any more; whether there were any. One stays, with its connections, as long
    /// as its address is asked for, whoever asks.
    mutating func release(all wanted: [ListenerSpec]) -> Bool {
        let askers = Dictionary(
            wanted.filter { $0.kind != .mesh }.compactMap { spec in address(of: spec).map { ($0.text, spec) }
            }
        ) { first, _ in first }
        let before = open.count
        open = open.compactMap { listener in
            guard listener.spec.kind != .mesh else { return listener }
            guard let asker = askers[listener.address.text] else { return nil }
            var listener = listener
            listener.spec = asker
            return listener
        }
        return open.count < before
    }

    /// Opens those that are missing; what went wrong for the first time, in words.
    mutating func open(all wanted: [ListenerSpec]) -> [String] {
        let present = Set(open.map(\.spec))
        let before = refused
        refused = [:]
        for spec in wanted where spec.kind != .mesh && !present.contains(spec) { tryToOpen(spec) }
        return refused.filter { before[$0.key] == nil }.map(\.value.message).sorted()
    }

    /// Lets go of all, the proxy's own included.
    mutating func releaseAll() {
        open = []
        refused = [:]
    }

    /// Tries again to open what could not be; the addresses for which that helped.
    mutating func retry() -> [String] {
        let free = refused.keys.filter { spec in address(of: spec).map(ListenerOpener.isFree) ?? false }
        for spec in free { tryToOpen(spec) }
        return free.filter { refused[$0] == nil }.compactMap { address(of: $0)?.text }.sorted()
    }

    private mutating func tryToOpen(_ spec: ListenerSpec) {
        do throws(ProxyError) {
            guard let address = address(of: spec) else {
                throw .badAddress("\(spec.bind ?? bindAddress):\(spec.port)")
            }
            // Looking for the owners of a thousand taken ports would take minutes.
            let namesOwner = refused.count < Self.mostOwners
            let opened = try ListenerOpener.open(
                address,
                spec,
                number: next,
                workers: workers,
                inheritance: inheritance,
                namesOwner: namesOwner
            )
            open.append(opened)
            next += 1
            refused[spec] = nil
        } catch {
            refused[spec] = error
        }
    }

    private func address(of spec: ListenerSpec) -> SocketAddress? {
        UInt16(exactly: spec.port).flatMap { SocketAddress(host: spec.bind ?? bindAddress, port: $0) }
    }
}
