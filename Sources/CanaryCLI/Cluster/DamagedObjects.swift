// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore

/// Turns stored texts into resources and remembers those that cannot be read, so that one damaged object stands in nobody
/// else's way and can itself be deleted or replaced.
final class DamagedObjects {
    private(set) var errors: [ResourceKey: CommandError] = [:]

    /// In the objects' order.
    var all: [CommandError] { errors.sorted { $0.key < $1.key }.map(\.value) }

    func contains(_ key: ResourceKey) -> Bool { errors[key] != nil }

    /// The objects that can be read.
    func readable(_ objects: [StoredObject]) -> [Resource] { objects.compactMap(read) }

    func read(_ object: StoredObject) -> Resource? {
        do {
            return try Self.resource(object)
        } catch {
            errors[object.key] = error
            return nil
        }
    }

    static func resource(_ object: StoredObject) throws(CommandError) -> Resource {
        do {
            return try object.resource()
        } catch {
            throw unreadable(object.key, error)
        }
    }

    static func unreadable(_ key: ResourceKey, _ error: JSONError) -> CommandError {
        CommandError(
            "cannot read \(key.qualifiedName) in the cluster store: it is damaged (\(error.message))",
            hint: "apply its manifest again, or delete it: \(deletion(of: key))\(consequence(of: key))"
        )
    }

    /// What is served of it meanwhile.
    private static func consequence(of key: ResourceKey) -> String {
        key.kind.decidesRoutes ? "; meanwhile a proxy that starts answers 503 for its hosts" : ""
    }

    static func unknownKind(_ object: String) -> CommandError {
        CommandError(
            "cannot read \(object) in the cluster store: it is damaged (no kind has this name)",
            hint: "apply its manifest again"
        )
    }

    private static func deletion(of key: ResourceKey) -> String {
        let place = key.kind.isNamespaced ? " -n \(key.namespace)" : ""
        return "canaryctl delete \(key.kind.singular) \(key.name)\(place)"
    }
}
