// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryResources
import CanaryRouting
import CanaryStore
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// Random changes of objects, stores and proxies under real traffic: what `describe` says of each route and version is what the
/// origins received while the route's split was what it is.
///
/// A few steps in the usual run; `CANARYCTL_EVIDENCE_STEPS` asks for more, `CANARYCTL_EVIDENCE_SEED` for others.
@Suite(.timeLimit(.minutes(15))) struct EvidencePropertyTests {
    static func setting(_ name: String, _ usual: UInt64) -> UInt64 {
        getenv(name).flatMap { UInt64(String(cString: $0)) } ?? usual
    }

    @Test func `what is observed is what the origins received`() throws {
        let walk = try EvidenceWalk(seed: Self.setting("CANARYCTL_EVIDENCE_SEED", 1))
        for _ in 0..<Self.setting("CANARYCTL_EVIDENCE_STEPS", 12) { try walk.step() }
        try walk.finish()
    }
}

/// A host with routes as it should be counted, beside the same one in a store.
private final class EvidenceWalk {
    struct Route {
        /// The value of the header that leads to it; without a name it is what the route is known by.
        var key: Int
        var name: String?
        var weights: [(version: String, weight: Int)]
        /// Changes that do not concern the split.
        var timeout = 30
        var isRetried = true
        /// The version that gets copies.
        var mirror: String?
        /// Which of `counts` is the route's.
        var epoch: Int
    }

    /// What is in the store: all that a backup holds.
    struct State {
        var routes: [Route] = []
        var note = 0
    }

    private let scratch: ScratchDirectory
    private let servers: [String: VersionServer]
    private var proxies: [Program] = []
    private var random: SeededGenerator
    private var state = State()
    private var before: State?
    private var backup: State?
    /// By epoch, then by version.
    private var counts: [[String: UInt64]] = []
    private var received: [String: UInt64] = [:]
    /// How many requests failed at first, and were tried again or not.
    private var retried: UInt64 = 0
    private var failed: UInt64 = 0
    private var requests = 0
    /// How many copies each version is to get.
    private var mirrored: [String: UInt64] = [:]
    private var log: [String] = []
    private var isUnchecked = false

    init(seed: UInt64) throws {
        scratch = try ScratchDirectory()
        random = SeededGenerator(seed: seed)
        var servers: [String: VersionServer] = [:]
        for version in ["v1", "v2", "v3"] { servers[version] = try VersionServer(version) }
        self.servers = servers
        try scratch.write(
            "{apiVersion: v1, kind: Service, metadata: {name: shop}, spec: {selector: {app: shop}, ports: [{port: 80}]}}",
            to: "service.yaml"
        )
        try Scene.succeed("create", "-f", scratch.path("service.yaml"), in: scratch)
        for (version, server) in servers {
            try Scene.succeed("register", "shop", server.address, "-l", "version=\(version)", in: scratch)
        }
        state.routes = [newRoute(), newRoute()]
        try startProxy()
        try apply()
    }

    // MARK: - Steps

    func step() throws {
        let roll = random.next() % 100
        switch roll {
        case ..<12: try change("insert") { $0.insert(newRoute(), at: position($0.count + 1)) }
        case ..<24:
            try change("move") { $0.insert($0.remove(at: position($0.count)), at: position($0.count)) }
        case ..<30: try change("remove") { if $0.count > 1 { $0.remove(at: position($0.count)) } }
        case ..<36: try rename()
        case ..<50: try changeSplit()
        case ..<54: try change("timeout") { $0[position($0.count)].timeout += 1 }
        case ..<57: try change("retries") { $0[position($0.count)].isRetried.toggle() }
        case ..<60:
            try change("mirror") { $0[position($0.count)].mirror = random.pick(["v1", "v2", "v3", nil]) }
        case ..<66: try undo()
        case ..<72: try recreate()
        case ..<80: try backUpOrRestore()
        case ..<88: try replaceProxy()
        default: if proxies.count < 3 { try startProxy() } else { try stop(proxies.removeFirst(), SIGTERM) }
        }
        try sendRequests(5 + position(10))
        isUnchecked = true
        if random.chance(40) { try check() }
    }

    /// All that was ever counted adds up to all that was received, in epochs that nobody shows any more, too.
    func finish() throws {
        try check()
        for proxy in proxies { try stop(proxy, SIGTERM) }
        try check()
        var total: [String: UInt64] = [:]
        var all = RouteEvidence()
        for (version, counted) in try evidence(ofCopies: false) {
            total[version, default: 0] += counted.assigned
            #expect(counted.ended == counted.assigned)
            all.add(counted)
        }
        #expect(total == received, "\(log)")
        let sent = received.values.reduce(0, +)
        #expect(all.completed.answers.filter { $0.value > 0 } == Self.answers(sent - failed, failed))
        // Of first attempts those failed too that were mended by others.
        let first = all.firstAttempts.answers.filter { $0.value > 0 }
        #expect(first == Self.answers(sent - failed - retried, failed + retried))
        #expect(servers.values.reduce(0) { $0 + $1.tries } == sent + retried)
    }

    private static func answers(_ good: UInt64, _ bad: UInt64) -> [RouteEvidence.Answer: UInt64] {
        [.init(status: 200): good, .init(status: 503): bad].filter { $0.value > 0 }
    }

    /// What was counted of the host's routes, by version: of requests, or of their copies.
    private func evidence(ofCopies isOfCopies: Bool) throws -> [(String, RouteEvidence)] {
        let location = StoreLocation(scratch.path("store"))
        let store = try #require(try ClusterStore.openExisting(at: location)).read { $0.storeUID }
        let runtime = RuntimeStore(at: location) { Issue.record("\($0)") }
        let evidence = try runtime.evidence(store: store, host: "shop.default.svc.cluster.local")
        // What waits for a new table asks for no version, and while there is no VirtualService gets any.
        return try evidence.compactMap { key, counted in
            guard !key.route.isEmpty, !key.destination.isEmpty,
                key.destination.hasPrefix("mirror=") == isOfCopies
            else { return nil }
            return (try String(#require(key.destination.split(separator: "|").dropFirst().first)), counted)
        }
    }

    /// Copies are nobody's to wait for: until all have come and are counted, apart from requests.
    private func checkCopies() throws {
        var told: [String: UInt64] = [:]
        let isRight = try Patience(.seconds(10)).wait {
            told = [:]
            for (version, counted) in try evidence(ofCopies: true) where counted.ended == counted.assigned {
                told[version, default: 0] += counted.assigned
            }
            let came = servers.mapValues(\.copies).filter { $0.value > 0 }
            return told == mirrored && came == mirrored
        }
        try #require(isRight, "\(told) copies instead of \(mirrored) after \(log)")
    }

    private func newRoute() -> Route {
        let key = Int(random.next() % 1_000_000)
        return Route(
            key: key,
            name: random.chance(50) ? "r\(key)" : nil,
            weights: [("v1", 50), ("v2", 50)],
            epoch: newEpoch()
        )
    }

    private func newEpoch() -> Int {
        counts.append([:])
        return counts.count - 1
    }

    private func position(_ count: Int) -> Int { Int(random.next() % UInt64(max(count, 1))) }

    private func change(_ what: String, _ body: (inout [Route]) -> Void) throws {
        before = state
        log.append(what)
        body(&state.routes)
        try apply()
    }

    private func rename() throws {
        try change("rename") {
            let index = position($0.count)
            $0[index].name = "n\(random.next() % 1_000_000)"
            $0[index].epoch = newEpoch()
        }
    }

    private func changeSplit() throws {
        try change("split") {
            let index = position($0.count)
            let weight = 1 + position(98)
            let other = random.pick(["v2", "v3"])
            let before = "\($0[index].weights)"
            $0[index].weights =
                random.chance(20) ? [(other, 1)] : [("v1", 200 + weight + position(50)), (other, weight)]
            if "\($0[index].weights)" != before { $0[index].epoch = newEpoch() }
        }
    }

    /// The state before the last change, where it was one of routes; what differs now begins anew.
    private func undo() throws {
        guard let target = before else { return }
        log.append("undo")
        let now = state
        try Scene.succeed("undo", "shop", in: scratch)
        state = target
        for index in state.routes.indices {
            let route = state.routes[index]
            let same = now.routes.first { $0.key == route.key && $0.name == route.name }
            let isSame = same.map { "\($0.weights)" == "\(route.weights)" } ?? false
            state.routes[index].epoch = isSame ? same?.epoch ?? 0 : newEpoch()
        }
        before = nil
        try waitForNote()
    }

    private func recreate() throws {
        log.append("recreate")
        before = nil
        try Scene.succeed("delete", "virtualservice", "shop", in: scratch)
        for index in state.routes.indices { state.routes[index].epoch = newEpoch() }
        try apply()
    }

    private func backUpOrRestore() throws {
        let files = ["cluster.db", "cluster.db-wal"]
        before = nil
        guard let saved = backup else {
            log.append("back up")
            for file in files { try copy("store/\(file)", to: "backup-\(file)") }
            backup = state
            return
        }
        log.append("restore")
        for file in files + ["cluster.db-shm"] { unlink(scratch.path("store/\(file)")) }
        // The log first: whoever finds the database finds it whole.
        for file in files.reversed() { try copy("backup-\(file)", to: "store/\(file)") }
        state = saved
        backup = nil
        try waitForNote()
        // Its revisions come again from here on.
        try change("after the restore") { $0[position($0.count)].timeout += 1 }
    }

    private func copy(_ source: String, to target: String) throws {
        unlink(scratch.path(target))
        guard let bytes = try? FileReader.read(path: scratch.path(source)).get() else { return }
        try scratch.write(bytes, to: "\(target).copy")
        Glibc.rename(scratch.path("\(target).copy"), scratch.path(target))
    }

    // MARK: - Proxies

    private func startProxy() throws {
        log.append("start a proxy")
        proxies.append(try Scene.startProxy(in: scratch))
        if state.note > 0 { try waitForNote() }
    }

    /// One is killed after its last report, or ends in order at any time.
    private func replaceProxy() throws {
        let isKilled = random.chance(50)
        if isKilled { try check() }
        try stop(proxies.removeFirst(), isKilled ? SIGKILL : SIGTERM)
        if proxies.isEmpty { try startProxy() }
    }

    private func stop(_ proxy: Program, _ signal: Int32) throws {
        // Copies that are under way end with their proxy.
        try checkCopies()
        log.append(signal == SIGKILL ? "kill" : "stop")
        proxy.signal(signal)
        _ = try proxy.end()
    }

    // MARK: - Traffic

    private func sendRequests(_ count: Int) throws {
        guard !proxies.isEmpty else { return }
        for _ in 0..<count {
            let route = random.pick(state.routes)
            let fails = random.chance(25)
            requests += 1
            // Those that wait for a new table are not counted: without VirtualService any version gets them.
            let fields = "x-counted: 1\r\n" + (fails ? "x-fails: \(requests)\r\n" : "")
            let answer = try send(random.pick(proxies), "\(route.key)", fields)
            counts[route.epoch][answer.body, default: 0] += 1
            received[answer.body, default: 0] += 1
            if let mirror = route.mirror { mirrored[mirror, default: 0] += 1 }
            guard fails else { continue }
            #expect(answer.startLine.contains(route.isRetried ? " 200 " : " 503 "))
            if route.isRetried { retried += 1 } else { failed += 1 }
        }
    }

    private func ask(_ proxy: Program, _ key: String) throws -> String { try send(proxy, key).body }

    private func send(_ proxy: Program, _ key: String, _ fields: String = "") throws -> Loopback.Message {
        let connection = try Loopback(to: try Scene.listener(of: proxy))
        connection.send(
            "GET / HTTP/1.1\r\nhost: shop\r\nx-route: \(key)\r\n\(fields)connection: close\r\n\r\n"
        )
        return try #require(connection.receive())
    }

    /// Waits until every proxy serves the present state, which a route tells that is changed with it.
    private func waitForNote() throws {
        for proxy in proxies {
            let note = state.note
            try #require(try eventually { try ask(proxy, "note") == "note \(note)" }, "\(log)")
        }
    }

    // MARK: - Store

    private func apply() throws {
        state.note = counts.count * 1000 + log.count
        try scratch.write(manifest, to: "routes.yaml")
        try Scene.succeed("apply", "-f", scratch.path("routes.yaml"), in: scratch)
        try waitForNote()
    }

    private var manifest: String {
        var text =
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: shop}\nspec:\n  hosts: [shop]\n  http:\n"
        for route in state.routes {
            text += "  - match: [{headers: {x-route: {exact: \"\(route.key)\"}}}]\n"
            if let name = route.name { text += "    name: \(name)\n" }
            let retries = route.isRetried ? "attempts: 2, retryOn: \"503\", backoff: 1ms" : "attempts: 0"
            text += "    timeout: \(route.timeout)s\n    retries: {\(retries)}\n"
            if let mirror = route.mirror {
                text += "    mirrors: [{destination: {host: shop, subset: \(mirror)}}]\n"
            }
            text += "    route:\n"
            for (version, weight) in route.weights {
                text += "    - {destination: {host: shop, subset: \(version)}, weight: \(weight)}\n"
            }
        }
        return text
            + "  - match: [{headers: {x-route: {exact: note}}}]\n    directResponse: {status: 200, body: {string: \"note \(state.note)\"}}\n"
    }

    // MARK: - Checks

    private func check() throws {
        guard isUnchecked else { return }
        var told: [String] = []
        let expected = state.routes.map { route in
            route.weights.map { "\($0.version) \(counts[route.epoch][$0.version] ?? 0)" }.joined(
                separator: ", "
            )
        }
        let isRight = try Patience(.seconds(10)).wait {
            let text = try Program.run("describe", "shop", "-o", "json", in: scratch).output
            let report = try JSONReader.read(Array(text.utf8))
            told = (report["routes"]?.items ?? []).dropLast().map { route in
                (route["destinations"]?.items ?? []).map {
                    "\($0["subset"]?.string ?? "") \($0["observedRequests"]?.integer ?? -1)"
                }.joined(separator: ", ")
            }
            return told == expected
        }
        try #require(isRight, "\(told) instead of \(expected) after \(log)")
        try checkCopies()
        isUnchecked = false
    }
}
