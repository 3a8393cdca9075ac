// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRouting
import CanaryStore
import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI
@testable import CanaryProxy

/// From a change of the store to the proxy's table, one step after the other.
@Suite(.timeLimit(.minutes(15))) struct TablePublisherTests {
    /// A proxy that does not run, and what hands it tables.
    private struct Scene {
        let scratch: ScratchDirectory
        let location: StoreLocation
        let proxy: Proxy
        let publisher: TablePublisher
        let stop = EventDescriptor()
        private let writer: LogWriter
        private let log: Int32

        init() throws {
            scratch = try ScratchDirectory()
            location = StoreLocation(scratch.path("store"))
            log = open(scratch.path("log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            writer = try #require(LogWriter(descriptors: [log]) { "\($0) lost: \($1)\n" })
            let serviceLog = ServiceLog(writer: writer, isDetached: false, now: { 0 })
            var configuration = ProxyConfiguration()
            configuration.listen = []
            configuration.admin = nil
            let identifiers = RoutingIdentifiers()
            proxy = try Proxy(configuration: configuration, identifiers: identifiers)
            publisher = TablePublisher(
                follower: StoreFollower(at: location, stop: stop, checkMilliseconds: 1),
                proxy: proxy,
                tables: ServedTables(log: serviceLog) {
                    RoutingTableBuilder(snapshot: $0, namespace: "default", identifiers: identifiers)
                },
                log: serviceLog,
                now: { 7000 }
            )
        }

        func change(_ names: [String], deleting gone: [String] = []) throws {
            try ClusterStore.open(at: location).write(ChangeNote(actor: "ada", reason: nil)) { writer in
                for name in names {
                    let service = Helloworld.service(name)
                    try writer.put(
                        service.key,
                        body: Array(JSONWriter.write(service.body, pretty: false).utf8),
                        tokens: Set(service.indexTokens.map(\.text))
                    )
                }
                for name in gone { try writer.delete(Helloworld.service(name).key) }
            }
        }

        /// The hosts of the table that the proxy was handed last, and its revision.
        var table: (revision: Int64, hosts: [String])? {
            proxy.shared.publication().table.map { table in
                (table.revision, table.hosts(listener: 0).filter { $0.hasSuffix(".local") }.sorted())
            }
        }

        /// What was logged, once it is written.
        func logged() throws -> String {
            writer.finish(milliseconds: 60_000)
            close(log)
            return String(decoding: try FileReader.read(path: scratch.path("log")).get(), as: UTF8.self)
        }
    }

    private func host(_ name: String) -> String { "\(name).default.svc.cluster.local" }

    @Test func `each change makes the next table, and a store that is not there yet an empty one`() throws {
        let scene = try Scene()
        #expect(scene.publisher.next() == .cleared)
        #expect(try #require(scene.table) == (0, []))
        #expect(scene.proxy.staleness == nil)
        try scene.change(["one", "two"])
        #expect(scene.publisher.next() == .published)
        #expect(try #require(scene.table) == (1, [host("one"), host("two")]))
        try scene.change(["three"], deleting: ["one"])
        #expect(scene.publisher.next() == .published)
        #expect(try #require(scene.table) == (2, [host("three"), host("two")]))
        scene.stop.signal()
        #expect(scene.publisher.next() == .stopped)
        #expect(try scene.logged() == "")
    }

    @Test func `a store that goes away or breaks leaves the table, and another at its place makes a new one`()
        throws
    {
        let scene = try Scene()
        try scene.change(["one"])
        #expect(scene.publisher.next() == .published)
        let directory = scene.location.directory
        #expect(rename(directory, scene.scratch.path("away")) == 0)
        #expect(scene.publisher.next() == .kept)
        #expect(try #require(scene.table) == (1, [host("one")]))
        let staleness = try #require(scene.proxy.staleness)
        #expect(staleness.since == 7)
        // Another store, whose first revision has the same number.
        try scene.change(["other"])
        #expect(scene.publisher.next() == .published)
        #expect(try #require(scene.table) == (1, [host("other")]))
        #expect(scene.proxy.staleness == nil)
        let log = try scene.logged()
        #expect(log.contains("\(staleness.reason); the traffic goes on as it was\n"), "\(log)")
    }

    @Test func `an object that cannot be read stays what it was`() throws {
        let scene = try Scene()
        try scene.change(["one", "two"])
        #expect(scene.publisher.next() == .published)
        try ClusterStore.open(at: scene.location).write(ChangeNote(actor: "ada", reason: nil)) {
            try $0.put(Helloworld.service("one").key, body: Array("nonsense".utf8), tokens: [])
        }
        #expect(scene.publisher.next() == .published)
        #expect(try #require(scene.table) == (2, [host("one"), host("two")]))
        #expect(try scene.logged().contains("service"))
    }
}
