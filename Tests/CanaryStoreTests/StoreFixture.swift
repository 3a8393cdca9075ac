// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore
import CanaryTestSupport

/// A store in a scratch directory, with a clock that stands still and numbered identifiers.
final class StoreFixture: Sendable {
    let scratch: ScratchDirectory
    let location: StoreLocation
    let context = StoreContext(now: { 1_000 }, newUID: { "uid" }, lockTimeoutMilliseconds: 60_000)

    init() throws {
        scratch = try ScratchDirectory()
        location = StoreLocation(scratch.path("store"))
    }

    func open() throws -> ClusterStore {
        try ClusterStore.open(at: location, context: context)
    }

    func openExisting() throws -> ClusterStore? {
        try ClusterStore.openExisting(at: location, context: context)
    }

    func path(_ name: String) -> String {
        scratch.path("store/\(name)")
    }
}

func service(_ name: String, in namespace: String = "default") -> ResourceKey {
    ResourceKey(.service, namespace: namespace, name: name)
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

extension ChangeNote {
    static let test = ChangeNote(actor: "ada", reason: "why not")
}

extension StoreReader {
    func text(_ key: ResourceKey) throws -> String? {
        try object(key).map { String(decoding: $0.body, as: UTF8.self) }
    }
}
