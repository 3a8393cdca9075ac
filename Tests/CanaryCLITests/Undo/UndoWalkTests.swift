// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// Random changes of a few hosts, with `undo` among them, against a model of what each host's routing must be.
/// `CANARYCTL_WALK_STEPS` makes the walk longer, `CANARYCTL_WALK_SEED` another one.
@Suite struct UndoWalkTests {
    @Test func `undo brings back what a host's routing was`() throws {
        let steps = getenv("CANARYCTL_WALK_STEPS").flatMap { Int(String(cString: $0)) } ?? 150
        let seed = getenv("CANARYCTL_WALK_SEED").flatMap { UInt64(String(cString: $0)) } ?? 27
        let walk = try UndoWalk(seed: seed)
        for step in 0..<steps { try walk.step(step) }
        #expect(walk.undone > steps / 10)
    }
}

private final class UndoWalk {
    private let scratch: ScratchDirectory
    private var random: SeededGenerator
    private let hosts = ["h0", "h1"].map { HostName.service($0, namespace: "default") }
    /// By revision.
    private var states = [RoutingState()]
    /// By host: the revisions that changed it, and the objects of each.
    private var changes: [String: [(revision: Int, keys: Set<ResourceKey>)]] = [:]
    private(set) var undone = 0

    init(seed: UInt64) throws {
        scratch = try ScratchDirectory()
        random = SeededGenerator(seed: seed)
    }

    func step(_ number: Int) throws {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4: try apply(number)
        case 4: try delete()
        case 5: try move()
        case 6: try register()
        default: try undo()
        }
    }

    // MARK: - Changes

    private func apply(_ number: Int) throws {
        let objects = (0...Int.random(in: 0...2, using: &random)).map { _ in
            random.pick([root, root, delegate, rule])(number)
        }
        // An object written twice is refused.
        try run(["apply", "-f", "-"], input: objects.joined(separator: "\n---\n"))
    }

    private func root(_ number: Int) -> String {
        let hosts = random.pick(["h0", "h1", "h0, h1"])
        let target = random.pick(["delegate: {name: d}", "delegate: {name: e}", split(), split()])
        return virtualService(random.pick(["a", "b", "c"]), "hosts: [\(hosts)]", target, number)
    }

    private func delegate(_ number: Int) -> String {
        virtualService(random.pick(["d", "e"]), "", split(), number)
    }

    private func virtualService(_ name: String, _ hosts: String, _ action: String, _ number: Int) -> String {
        """
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: \(name), annotations: {step: "\(number)"}}
        spec:
          \(hosts)
          http:
          - \(action)
        """
    }

    private func split() -> String {
        let share = Int.random(in: 0...100, using: &random)
        let host = random.pick(["h0", "h1"])
        return """
            route:
                - {destination: {host: \(host), subset: v1}, weight: \(share)}
                - {destination: {host: \(host), subset: v2}, weight: \(100 - share)}
            """
    }

    private func rule(_ number: Int) -> String {
        """
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: \(random.pick(["r", "s"]))}
        spec: {host: \(random.pick(["h0", "h1"])), subsets: [{name: v1, labels: {n: "\(number)"}}, {name: v2}]}
        """
    }

    /// Some objects at once; those that are not there are left out.
    private func delete() throws {
        let names = ["vs/a", "vs/b", "vs/c", "vs/d", "vs/e", "dr/r", "dr/s"].shuffled(using: &random)
        try run(["delete", "--ignore-not-found"] + names.prefix(Int.random(in: 1...3, using: &random)))
    }

    private func move() throws {
        try run([
            "set-weight", random.pick(["h0", "h1"]), "v2", "\(Int.random(in: 0...100, using: &random))",
        ])
    }

    private func register() throws {
        let service = """
            apiVersion: v1
            kind: Service
            metadata: {name: h0}
            spec: {selector: {app: h0}, ports: [{name: http, port: 80, targetPort: 8080}]}
            """
        try run(["apply", "-f", "-"], input: service)
        try run([
            "register", "h0", "127.0.0.1:\(Int.random(in: 9000...9009, using: &random))", "-l", "version=v1",
        ])
    }

    // MARK: - Undo

    private func undo() throws {
        let host = random.pick(hosts)
        let known = changes[host] ?? []
        let now = states.count - 1
        let target = random.pick([nil, nil, nil, 0, Int.random(in: 1...now + 2, using: &random)])
        let revision = target.flatMap { $0 == 0 ? nil : $0 } ?? (known.last?.revision ?? 0) - 1
        let before = states[now]
        let mayDo = isPossible(host, to: revision, isBare: target ?? 0 == 0)
        let words = ["undo", HostName.short(host)] + (target.map { ["--to-revision", "\($0)"] } ?? [])
        let (status, errors) = try run(words, undoing: host)
        let label = "\(words) at revision \(now): \(errors)"
        guard mayDo else {
            #expect(status == .failure, "\(label)")
            #expect(errors.hasPrefix("error: "), "\(label)")
            return
        }
        if errors.contains("is not kept that far back") {
            #expect(states.count > StoreWriter.keptChanges, "\(label)")
            return
        }
        let after = states[states.count - 1]
        #expect(status == .success, "\(label)")
        #expect(after.routing(of: host) == states[revision].routing(of: host), "\(label)")
        let concerned = known.filter { $0.revision > revision }.reduce(into: Set()) { $0.formUnion($1.keys) }
        let mayChange = concerned.union(states[revision].keys(of: host))
        #expect(before.changes(to: after).isSubset(of: mayChange), "\(label)")
        undone += 1
    }

    private func isPossible(_ host: String, to revision: Int, isBare: Bool) -> Bool {
        let known = changes[host] ?? []
        let now = states.count - 1
        guard let last = known.last, revision < last.revision, revision <= now else { return false }
        let oldest = known.dropLast(StoreWriter.keptChanges).last?.revision ?? 0
        guard revision >= oldest else { return false }
        let losesAll = !states[now].roots(of: host).isEmpty && states[revision].roots(of: host).isEmpty
        return !(isBare && losesAll)
    }

    // MARK: - Running

    @discardableResult
    private func run(
        _ words: [String],
        input: String = "",
        undoing host: String? = nil
    ) throws -> (status: CanaryCLI.ExitStatus, errors: String) {
        let world = TestWorld(directory: scratch.path, input: input)
        let status = CommandLineRunner.run(words, in: world.context)
        try #require(
            [.success, .failure, .usage, .invalidManifests].contains(status),
            "\(words): \(world.errors)"
        )
        try record(undoing: status == .success ? host : nil, words)
        return (status, world.errors)
    }

    /// Takes down what a command made of the store, which is at most one revision.
    private func record(undoing undone: String?, _ words: [String]) throws {
        guard let store = try ClusterStore.openExisting(at: StoreLocation(scratch.path("store"))) else {
            return
        }
        try store.read { reader in
            guard reader.revision > Int64(states.count - 1) else { return }
            try #require(reader.revision == Int64(states.count), "\(words) made several revisions")
            let before = states[states.count - 1]
            let after = try RoutingState(reader)
            let changed = before.changes(to: after)
            for host in hosts {
                let keys =
                    undone == host
                    ? changed : changed.intersection(before.keys(of: host).union(after.keys(of: host)))
                if !keys.isEmpty { changes[host, default: []].append((states.count, keys)) }
                let known = (changes[host] ?? []).suffix(StoreWriter.keptChanges).map { Int64($0.revision) }
                let told = try reader.history(host: host).map(\.revision)
                try #require(
                    told == known.reversed(),
                    "\(words) at \(states.count): \(changed), \(before.routing(of: host)) → \(after.routing(of: host))"
                )
            }
            states.append(after)
        }
    }
}
