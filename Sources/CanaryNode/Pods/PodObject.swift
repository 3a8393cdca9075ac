// SPDX-License-Identifier: Apache-2.0

package import CanaryReplicas
package import CanaryResources

/// A pod as an object: what `get pods` shows and what routing tables are made of.
package struct PodObject {
    package var context: PodContext
    /// With `metadata` and `spec`, as its Deployment has it.
    package var template: Node
    /// The ReplicaSet that it is of.
    package var owner: String?
    /// What is added to a moment to make it milliseconds since 1970.
    package var wallOffset: Int64
    /// Whether a limit of cpu is not enforced.
    package var hasFreeProcessors: Bool

    package init(
        context: PodContext,
        template: Node,
        owner: String?,
        wallOffset: Int64,
        hasFreeProcessors: Bool = false
    ) {
        self.hasFreeProcessors = hasFreeProcessors
        self.context = context
        self.template = template
        self.owner = owner
        self.wallOffset = wallOffset
    }

    /// - Parameters:
    ///   - processes: the first process of each container that runs, by the container's name.
    ///   - version: counts the changes of this pod.
    package func resource(of life: PodLife, processes: [String: Int32] = [:], version: Int64) -> Resource {
        Resource(
            key: ResourceKey(.pod, namespace: context.namespace, name: context.name),
            body: body(of: life, processes),
            stored: StoredMeta(
                uid: context.uid,
                revision: version,
                createdRevision: 0,
                generation: 1,
                createdAt: life.created.milliseconds + wallOffset
            )
        )
    }

    private func body(of life: PodLife, _ processes: [String: Int32]) -> Node {
        var metadata = Mapping()
        metadata["name"] = .string(context.name)
        metadata["namespace"] = .string(context.namespace)
        if !life.spec.labels.isEmpty { metadata["labels"] = .stringMap(life.spec.labels) }
        if !life.spec.annotations.isEmpty { metadata["annotations"] = .stringMap(life.spec.annotations) }
        if let deleted = life.deletionTime { metadata["deletionTimestamp"] = time(deleted) }
        if let owner {
            metadata["ownerReferences"] = .sequence([
                .mapping([
                    "apiVersion": .string("apps/v1"), "kind": .string("ReplicaSet"), "name": .string(owner),
                    "controller": Node(.bool(true)),
                ])
            ])
        }
        return .mapping([
            "apiVersion": .string("v1"), "kind": .string("Pod"), "metadata": Node(.mapping(metadata)),
            "spec": spec, "status": status(of: life, processes),
        ])
    }

    /// The template's, with the ports of the machine that its own ones are.
    private var spec: Node {
        var spec = template["spec"]?.mapping ?? Mapping()
        spec["nodeName"] = .string(context.nodeName)
        spec["hostNetwork"] = Node(.bool(true))
        for list in ["initContainers", "containers"] {
            guard let containers = spec[list]?.items else { continue }
            spec[list] = .sequence(containers.map(withHostPorts))
        }
        return Node(.mapping(spec))
    }

    private func withHostPorts(_ container: Node) -> Node {
        guard var fields = container.mapping, let ports = fields["ports"]?.items else { return container }
        fields["ports"] = .sequence(
            ports.map { port in
                guard var fields = port.mapping, let number = port["containerPort"]?.integer,
                    let own = context.ports[Int(clamping: number)]
                else { return port }
                fields["hostPort"] = .integer(Int64(own))
                return Node(.mapping(fields))
            }
        )
        return Node(.mapping(fields))
    }

    // MARK: - Status

    private func status(of life: PodLife, _ processes: [String: Int32]) -> Node {
        .mapping([
            "phase": .string(life.phase.rawValue),
            "podIP": .string(context.address),
            "hostIP": .string(context.address),
            "startTime": time(life.created),
            "conditions": .sequence(
                [
                    ready(life),
                    condition("PodScheduled", true, since: life.created),
                ] + (hasFreeProcessors ? [freeProcessors(since: life.created)] : [])
            ),
            "initContainerStatuses": .sequence(
                life.containers.filter(\.isInit).map { status($0, processes) }
            ),
            "containerStatuses": .sequence(
                life.containers.filter { !$0.isInit }.map { status($0, processes) }
            ),
        ])
    }

    private func condition(_ type: String, _ isTrue: Bool, since: TimePoint) -> Node {
        .mapping([
            "type": .string(type), "status": .string(isTrue ? "True" : "False"),
            "lastTransitionTime": time(since),
        ])
    }

    /// With the containers that are to blame, in Kubernetes' words.
    private func ready(_ life: PodLife) -> Node {
        var condition = condition("Ready", life.isReady, since: life.readiness.since)
        let unready = life.containers.filter { !$0.isInit && !$0.isReady }.map(\.spec.name)
        guard !life.isReady, !unready.isEmpty else { return condition }
        condition.set(.string("ContainersNotReady"), at: "reason")
        let names = unready.joined(separator: " ")
        condition.set(.string("containers with unready status: [\(names)]"), at: "message")
        return condition
    }

    private func freeProcessors(since: TimePoint) -> Node {
        var condition = condition("canaryctl.dev/CPULimitEnforced", false, since: since)
        let event = ObjectEvent.processorsNotLimited
        condition.set(.string(event.reason), at: "reason")
        condition.set(.string(event.message), at: "message")
        return condition
    }

    private func status(_ container: ContainerLife, _ processes: [String: Int32]) -> Node {
        var fields = Mapping()
        fields["name"] = .string(container.spec.name)
        fields["ready"] = Node(.bool(container.isReady))
        fields["started"] = Node(.bool(container.isStarted))
        fields["restartCount"] = .integer(Int64(container.restarts))
        fields["state"] = state(container)
        fields["containerID"] = processes[container.spec.name].map { .string("process://\($0)") }
        if let image = container.spec.image { fields["image"] = .string(image) }
        if container.state != .ended, let exit = container.lastExit { fields["lastState"] = terminated(exit) }
        return Node(.mapping(fields))
    }

    private func state(_ container: ContainerLife) -> Node {
        switch container.state {
        case .waiting(let reason, let message, _):
            var fields = Mapping()
            fields["reason"] = .string(reason)
            if !message.isEmpty { fields["message"] = .string(message) }
            return .mapping(["waiting": Node(.mapping(fields))])
        case .starting: return .mapping(["waiting": .mapping(["reason": .string("ContainerCreating")])])
        case .hooking(let since), .running(let since):
            return .mapping(["running": .mapping(["startedAt": time(since)])])
        case .ended: return container.lastExit.map(terminated) ?? .mapping(["waiting": .mapping([:])])
        }
    }

    private func terminated(_ exit: ContainerExit) -> Node {
        .mapping([
            "terminated": .mapping([
                "exitCode": .integer(Int64(exit.code)), "reason": .string(exit.reason),
                "finishedAt": time(exit.time),
            ])
        ])
    }

    private func time(_ moment: TimePoint) -> Node {
        .string(CalendarTime(milliseconds: moment.milliseconds + wallOffset).text)
    }
}
