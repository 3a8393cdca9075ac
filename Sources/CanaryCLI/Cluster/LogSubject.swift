// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore

/// Whose output `logs` shows: that of a pod, of whatever pods a Deployment has, or of those with some labels.
struct LogSubject {
    private enum Kind {
        case pod(String)
        case deployment(ResourceKey)
        case labelled(LabelSelector)
    }

    private let kind: Kind
    private let session: ClusterSession

    /// - Parameter text: `NAME`, `pod/NAME` or `deployment/NAME`.
    init(_ text: String, _ session: ClusterSession) throws {
        self.session = session
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2 else {
            kind = .pod(text)
            return
        }
        switch ResourceKind(named: parts[0]) {
        case .pod: kind = .pod(parts[1])
        case .deployment:
            kind = .deployment(
                ResourceKey(.deployment, namespace: session.settings.namespace, name: parts[1])
            )
        default:
            throw CommandError.wrongUsage(
                "\"\(text)\" is neither a pod nor a Deployment",
                hint: "canaryctl logs POD, or canaryctl logs deployment/NAME"
            )
        }
    }

    /// - Parameter selector: as `-l` has it.
    init(selector: String, _ session: ClusterSession) throws {
        self.session = session
        kind = .labelled(try LabelSelector(argument: selector))
    }

    /// Those that run now.
    func pods() throws -> [Resource] {
        let running = try session.runtime.livePods().filter { $0.namespace == session.settings.namespace }
        switch kind {
        case .pod(let name): return running.filter { $0.name == name }
        case .deployment(let key):
            let selector = try session.read { try $0.resource(key)?.deployment?.selector }
            return running.filter { selector?.matches($0.metadata.labels) ?? false }
        case .labelled(let selector): return running.filter { selector.matches($0.metadata.labels) }
        }
    }

    /// Whether pods may come where none is: as long as a node runs, and the Deployment is there.
    func awaitsPods() throws -> Bool {
        switch kind {
        case .pod: return false
        case .deployment(let key):
            return try session.runtime.liveNode() != nil && session.read { try $0.resource(key) } != nil
        case .labelled: return try session.runtime.liveNode() != nil
        }
    }
}
