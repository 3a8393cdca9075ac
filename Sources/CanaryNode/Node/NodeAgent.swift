// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanaryResources
import CanarySystem
import Glibc

/// Runs the pods of Deployments: makes and ends as many as their plans say, and lets each live its life.
///
/// A value belongs to one thread; all others reach it by its mailbox.
package final class NodeAgent<Generator: RandomNumberGenerator> {
    /// How many pods are made before orders and news of others are heard again.
    private static var mostMadeAtOnce: Int { 20 }

    package let mailbox: NodeMailbox
    private var place: NodePlace
    private let hands: NodeHands
    private let surroundings: NodeSurroundings
    private var random: Generator
    private var cluster = NodeCluster(deployments: [])
    private var deployments: [ResourceKey: DeploymentRun] = [:]
    private var pods: [ResourceKey: NodePod] = [:]
    private var news = NodeNews()
    /// Directories of logs of pods that are gone, of which it is not told yet.
    private var leftLogs: [String] = []
    /// The Deployments of which it was told that there is no room for their pods.
    private var full: Set<ResourceKey> = []
    /// When the memory of containers is looked at that nothing else limits.
    private var nextMemoryLook = TimePoint(milliseconds: 0)
    private static var memoryLookPeriod: Duration { .milliseconds(500) }
    private var hasToldOfProcessors = false
    /// Whether more pods are wanted than were made at once.
    private var hasMoreToMake = false
    private var isStopping = false
    private var isKilling = false

    package init(
        at place: NodePlace,
        in surroundings: NodeSurroundings,
        mailbox: NodeMailbox,
        hands: NodeHands,
        random: Generator
    ) {
        self.place = place
        self.surroundings = surroundings
        self.mailbox = mailbox
        self.hands = hands
        self.random = random
    }

    /// Runs until it is told to stop, and all pods have ended.
    package func run() {
        while true {
            for order in mailbox.take() { obey(order) }
            let now = surroundings.now()
            for pod in pods.values where (pod.runner.nextTime.map { $0 <= now }) ?? false {
                grant(pod.runner.tick(at: now), of: pod)
            }
            reconcile(at: now)
            limitMemory(at: now)
            publish()
            if isKilling || isStopping && pods.isEmpty { return }
            wait(since: now)
        }
    }

    /// One look at all processes serves all containers.
    private func limitMemory(at now: TimePoint) {
        let limited = pods.values.filter(\.runner.needsMemoryLooks)
        guard !limited.isEmpty, now >= nextMemoryLook else { return }
        nextMemoryLook = now + Self.memoryLookPeriod
        let usage = ProcessUsage()
        for pod in limited { pod.runner.limitMemory(usage) }
    }

    // MARK: - Orders

    private func obey(_ order: NodeOrder) {
        let now = surroundings.now()
        switch order {
        case .cluster(let new): take(new, at: now)
        case .drained(let key): tell(.drained, to: key, at: now)
        case .answered(let key, let question, let failure):
            guard let pod = pods[key] else { return }
            grant(pod.runner.hear(failure, from: question, at: now), of: pod)
        case .delete(let key, let grace): tell(.delete(gracePeriod: grace), to: key, at: now)
        case .stop:
            isStopping = true
            for key in pods.keys { tell(.delete(gracePeriod: nil), to: key, at: now) }
        case .kill: isKilling = true
        }
    }

    private func tell(_ input: PodInput, to key: ResourceKey, at now: TimePoint) {
        guard let pod = pods[key] else { return }
        grant(pod.runner.handle(input, at: now), of: pod)
    }

    private func take(_ new: NodeCluster, at now: TimePoint) {
        let old = cluster
        cluster = new
        place.imageCommands = new.imageCommands
        for pod in pods.values {
            let space = pod.key.namespace
            guard old.imageCommands != new.imageCommands || old.config[space] != new.config[space] else {
                continue
            }
            pod.runner.place.imageCommands = new.imageCommands
            // The next start of a container takes what ConfigMaps and Secrets say by then.
            pod.runner.context.config = new.config[space] ?? [:]
            tell(.configurationChanged, to: pod.key, at: now)
        }
        var wanted: Set<ResourceKey> = []
        for resource in new.deployments {
            guard let spec = DeploymentSpec(resource) else { continue }
            wanted.insert(resource.key)
            if deployments[resource.key] == nil { deployments[resource.key] = DeploymentRun(spec, at: now) }
            deployments[resource.key]?.spec = spec
        }
        for key in deployments.keys where !wanted.contains(key) { deployments[key] = nil }
        for pod in pods.values where deployments[pod.deployment] == nil {
            tell(.delete(gracePeriod: nil), to: pod.key, at: now)
        }
    }

    // MARK: - Deployments

    private func reconcile(at now: TimePoint) {
        hasMoreToMake = false
        guard !isStopping else { return }
        let byDeployment = Dictionary(grouping: pods.values, by: \.deployment)
        let most = pods.count + Self.mostMadeAtOnce
        for (key, run) in deployments {
            var pods = byDeployment[key] ?? []
            deployments[key]?.step(pods, at: now) { event in news.events.append((key, event)) }
            for set in deployments[key]?.sets ?? run.sets {
                let change = ReplicaSetChange(set, pods.filter { $0.owner == set.name }.map(\.replica))
                for name in change.deleted {
                    tell(
                        .delete(gracePeriod: nil),
                        to: ResourceKey(.pod, namespace: key.namespace, name: name),
                        at: now
                    )
                }
                let count = min(change.created, room(for: change.created, key))
                let made = min(count, max(0, most - self.pods.count))
                for _ in 0..<made { pods.append(make(set, of: key, at: now)) }
                if made < count { hasMoreToMake = true }
            }
            deployments[key]?.look(pods, at: now)
        }
    }

    /// How many more pods there may be.
    private func room(for wanted: Int, _ deployment: ResourceKey) -> Int {
        let room = max(0, NodeCluster.mostPods - pods.count)
        if wanted > room, full.insert(deployment).inserted {
            news.events.append((deployment, .noRoom(wanted: wanted, most: NodeCluster.mostPods)))
        }
        return room
    }

    private func make(_ set: ReplicaSet, of deployment: ResourceKey, at now: TimePoint) -> NodePod {
        var spec = PodSpec(set.template).awaitingOpenPorts
        spec.labels = set.podLabels
        let key = freshKey(set, deployment.namespace)
        let context = PodContext(
            name: key.name,
            namespace: key.namespace,
            uid: surroundings.makeUID(),
            nodeName: surroundings.name,
            address: surroundings.address,
            ports: surroundings.ports(for: spec),
            capacity: surroundings.capacity,
            config: cluster.config[key.namespace] ?? [:],
            inherited: surroundings.environment
        )
        let runner = PodRunner(spec, context, at: place, now: now)
        if runner.hasFreeProcessors, !hasToldOfProcessors {
            hasToldOfProcessors = true
            news.events.append((deployment, .processorsNotLimited))
        }
        let object = PodObject(
            context: context,
            template: set.template,
            owner: set.name,
            wallOffset: surroundings.wallOffset,
            hasFreeProcessors: runner.hasFreeProcessors
        )
        let pod = NodePod(key, runner, owner: set.name, deployment: deployment, object)
        pods[key] = pod
        news.events.append((key, .scheduled(key.name, namespace: key.namespace, on: surroundings.name)))
        grant(runner.tick(at: now), of: pod)
        return pod
    }

    private func freshKey(_ set: ReplicaSet, _ namespace: String) -> ResourceKey {
        while true {
            let key = ResourceKey(.pod, namespace: namespace, name: set.podName(using: &random))
            if pods[key] == nil { return key }
        }
    }

    // MARK: - Pods

    private func grant(_ wishes: [PodRunner.Wish], of pod: NodePod) {
        for wish in wishes {
            switch wish {
            case .event(let event): news.events.append((pod.key, event))
            case .ask(let question): hands.ask(pod.key, question)
            case .drain:
                // What leaves is known to be unready before anybody waits for its last request.
                publish()
                hands.drain(pod.key, Array(pod.runner.context.ports.values))
            case .remove:
                pods[pod.key] = nil
                news.removed.append(pod.key)
                leftLogs.append(place.logDirectory(of: pod.runner.context))
                surroundings.giveBack(pod.runner.context.ports)
            }
        }
    }

    private func publish() {
        for pod in pods.values {
            guard let object = pod.news() else { continue }
            news.changed.append(object)
            news.measured.append(pod.measured)
        }
        guard !news.isEmpty else { return }
        let told = news
        news = NodeNews()
        hands.publish(told)
        // Who prints them has them open by now.
        for directory in leftLogs { PodLogFiles.remove(directory) }
        leftLogs = []
    }

    /// Until a supervisor, somebody else or time has something to say.
    private func wait(since now: TimePoint) {
        let descriptors = pods.values.flatMap { pod in pod.runner.descriptors.map { (pod, $0) } }
        var polled = [pollfd(fd: mailbox.descriptor, events: Int16(POLLIN), revents: 0)]
        polled += descriptors.map { pollfd(fd: $0.1, events: Int16(POLLIN), revents: 0) }
        var times = pods.values.compactMap(\.runner.nextTime) + deployments.values.compactMap(\.nextTime)
        if pods.values.contains(where: \.runner.needsMemoryLooks) { times.append(nextMemoryLook) }
        if hasMoreToMake { times.append(now) }
        let pause = times.min().map { Int32(clamping: max(0, ($0 - now).milliseconds)) } ?? -1
        guard unsafe poll(&polled, nfds_t(polled.count), pause) > 0 else { return }
        let after = surroundings.now()
        for (index, (pod, _)) in descriptors.enumerated() where polled[index + 1].revents != 0 {
            grant(pod.runner.takeNews(at: after), of: pod)
        }
    }
}
