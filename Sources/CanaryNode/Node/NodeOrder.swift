// SPDX-License-Identifier: Apache-2.0

package import CanaryReplicas
package import CanaryResources
import CanarySystem
import Synchronization

/// The objects that a node acts on, and what their pods find.
package struct NodeCluster: Sendable {
    /// How many pods a node runs. Four times as many as kubelet has: what is beyond is a slip of the pen, or meant badly.
    package static let mostPods = 440

    /// Deployments, whose bodies are kept.
    package var deployments: [Resource]
    /// What ConfigMaps and Secrets have, by namespace.
    package var config: [String: [ConfigReference: [String: String]]]
    /// What `images set` keeps: the command to run in an image's place.
    package var imageCommands: [String: [String]]

    package init(
        deployments: [Resource],
        config: [String: [ConfigReference: [String: String]]] = [:],
        imageCommands: [String: [String]] = [:]
    ) {
        self.deployments = deployments
        self.config = config
        self.imageCommands = imageCommands
    }
}

/// What a node is told.
package enum NodeOrder: Sendable {
    /// What the cluster holds now.
    case cluster(NodeCluster)
    /// No request is under way to a pod that leaves.
    case drained(ResourceKey)
    /// What came of a question: `nil` for nothing that went wrong.
    case answered(ResourceKey, PodQuestion, failure: String?)
    case delete(ResourceKey, gracePeriod: Duration?)
    /// To end all pods in order.
    case stop
    /// To end all pods at once.
    case kill
}

/// What others, in other threads, want of a node.
package final class NodeMailbox: Sendable {
    private let orders = Mutex<[NodeOrder]>([])
    private let event = EventDescriptor()

    package init() {}

    package func put(_ order: NodeOrder) {
        orders.withLock { $0.append(order) }
        event.signal()
    }

    /// Readable while there is something in it.
    var descriptor: Int32 { event.descriptor }

    func take() -> [NodeOrder] {
        event.clear()
        return orders.withLock { orders in
            defer { orders = [] }
            return orders
        }
    }
}

/// What became of a node's pods.
package struct NodeNews: Sendable {
    package var changed: [Resource] = []
    /// The same pods as autoscalers look at them.
    package var measured: [MeasuredPod] = []
    package var removed: [ResourceKey] = []
    package var events: [(about: ResourceKey, event: ObjectEvent)] = []

    var isEmpty: Bool { changed.isEmpty && removed.isEmpty && events.isEmpty }
}

/// What a node needs others for. It is called in the node's thread, and must not wait: what it takes time to find out is told by
/// an order.
package struct NodeHands {
    /// Keeps and tells what became of pods.
    package var publish: (NodeNews) -> Void
    /// Lets no new request reach a pod, which has these ports of the machine, and orders ``NodeOrder/drained(_:)`` when none is
    /// under way.
    package var drain: (ResourceKey, [Int]) -> Void
    /// Asks a pod over the network, and orders ``NodeOrder/answered(_:_:failure:)``.
    package var ask: (ResourceKey, NetworkQuestion) -> Void

    package init(
        publish: @escaping (NodeNews) -> Void,
        drain: @escaping (ResourceKey, [Int]) -> Void,
        ask: @escaping (ResourceKey, NetworkQuestion) -> Void
    ) {
        self.publish = publish
        self.drain = drain
        self.ask = ask
    }
}
