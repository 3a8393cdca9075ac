// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore

/// Whose output `logs` shows: that of a pod, or of whatever pods a Deployment has.
struct LogSubject {
    private enum Kind {
        case pod(String)
        case deployment(ResourceKey)
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

    /// Those that run now.
    func pods() throws -> [Resource] {
        let running = try session.runtime.livePods().filter { $0.namespace == session.settings.namespace }
        switch kind {
        case .pod(let name): return running.filter { $0.name == name }
        case .deployment(let key):
            let selector = try session.read { try $0.resource(key)?.deployment?.selector }
            return running.filter { selector?.matches($0.metadata.labels) ?? false }
        }
    }

    /// Whether pods may come where none is: a Deployment has them as long as it is there and a node runs.
    func awaitsPods() throws -> Bool {
        guard case .deployment(let key) = kind else { return false }
        return try session.runtime.liveNode() != nil && session.read { try $0.resource(key) } != nil
    }
}
