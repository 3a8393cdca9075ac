// SPDX-License-Identifier: Apache-2.0

package import CanaryReplicas
import CanarySystem
import CLinux
import Glibc

/// The hands of a pod's life: it starts containers under supervisors, asks probes, runs hooks, and tells the life what came of it.
///
/// A value belongs to one thread. What only a node can do is handed on: see ``Wish``.
package final class PodRunner {
    /// What a pod needs of its node.
    package enum Wish: Hashable, Sendable {
        /// Let no new request reach it, and tell ``handle(_:at:)`` when the last one is answered.
        case drain
        /// Nothing of it is left.
        case remove
        /// Ask a probe or a hook that goes over the network, and tell ``hear(_:from:at:)``.
        case ask(NetworkQuestion)
        case event(ObjectEvent)
    }

    package internal(set) var context: PodContext
    package private(set) var life: PodLife
    var place: NodePlace
    var runs: [ContainerRun: SupervisedRun] = [:]
    /// The first process of each container that runs, by the container's name.
    package private(set) var processes: [String: Int32] = [:]
    /// Those that a tool keeps, while nothing is known of their end.
    var images: [ContainerRun: ImageContainer] = [:]
    /// The runs whose supervisor was lost, and that are being removed.
    var removals: Set<ContainerRun> = []
    /// In bytes, of those that nothing else limits.
    var memoryLimits: [ContainerRun: Int64] = [:]
    private var questions: [Int: PodQuestion] = [:]
    private var questionCount = 0
    private var sleeps: [(until: TimePoint, question: PodQuestion)] = []

    package init(_ spec: PodSpec, _ context: PodContext, at place: NodePlace, now: TimePoint) {
        life = PodLife(spec, at: now)
        self.context = context
        self.place = place
    }

    /// When it is to hear a tick at the latest.
    package var nextTime: TimePoint? {
        [life.nextTime, sleeps.map(\.until).min()].compactMap(\.self).min()
    }

    /// Readable when a supervisor said something.
    package var descriptors: [Int32] { runs.values.map(\.descriptor) }

    /// The supervisors' processes.
    var supervisors: [Int32] { runs.values.map(\.pid) }

    /// What is measured of the containers that run, by their names.
    package var roots: [String: UsageRoot] {
        Dictionary(
            runs.compactMap { run, supervised in
                if images[run] == nil { return (run.container, .below(supervised.pid)) }
                return processes[run.container].map { (run.container, .from($0)) }
            }
        ) { first, _ in first }
    }

    /// Tells the life something, and does what follows.
    ///
    /// - Returns: what the node has to do.
    package func handle(_ input: PodInput, at now: TimePoint) -> [Wish] {
        var wishes: [Wish] = []
        var inputs = [input]
        while !inputs.isEmpty {
            let outcome = life.handle(inputs.removeFirst(), at: now)
            wishes += outcome.events.map { .event($0) }
            for action in outcome.actions { perform(action, at: now, &wishes, &inputs) }
        }
        return wishes
    }

    /// Lets time pass.
    package func tick(at now: TimePoint) -> [Wish] {
        let over = sleeps.filter { $0.until <= now }
        sleeps.removeAll { $0.until <= now }
        return over.flatMap { handle($0.question.input(nil), at: now) } + handle(.tick, at: now)
    }

    /// Whether nothing keeps its processes from using more of the processors than they may.
    var hasFreeProcessors: Bool {
        !place.groups.enforced.contains(.cpu)
            && life.spec.allContainers.contains {
                $0.limits["cpu"] != nil && $0.tool(of: place.runtime) == nil
            }
    }

    /// Whether its memory is to be looked at again and again.
    var needsMemoryLooks: Bool { !memoryLimits.isEmpty }

    /// Ends containers that take more memory than they may.
    func limitMemory(_ usage: ProcessUsage) {
        for (run, limit) in memoryLimits {
            guard let root = runs[run].map({ UsageRoot.below($0.pid) }) else { continue }
            // What processes share counts for each, so that the sum is only a first look.
            if usage.reading(root).memory > limit, usage.proportionalMemory(root) > limit {
                send(.endForMemory, to: run)
            }
        }
    }

    // MARK: - Doing

    private func perform(
        _ action: PodAction,
        at now: TimePoint,
        _ wishes: inout [Wish],
        _ inputs: inout [PodInput]
    ) {
        switch action {
        case .start(let run):
            do throws(StartProblem) {
                try start(run)
            } catch {
                inputs.append(.startFailed(run, reason: error.reason, message: error.message))
            }
        case .probe(let run, let kind):
            guard let probe = container(of: run)?.probe(kind) else { return }
            ask(.probe(run, kind), probe.handler, for: probe.timeout, at: now, &wishes, &inputs)
        case .runHook(let run, let hook):
            let container = container(of: run)
            guard let handler = hook == .postStart ? container?.postStart : container?.preStop else { return }
            ask(.hook(run, hook), handler, for: life.spec.terminationGracePeriod, at: now, &wishes, &inputs)
        case .terminate(let run): send(.signal(SIGTERM), to: run)
        case .kill(let run): send(.kill, to: run)
        case .drain: wishes.append(.drain)
        case .remove: wishes.append(.remove)
        }
    }

    /// A supervisor that only removes what was lost is not disturbed.
    private func send(_ order: SupervisorOrder, to run: ContainerRun) {
        if !removals.contains(run) { runs[run]?.send(order) }
    }

    func container(of run: ContainerRun) -> ContainerSpec? {
        life.spec.allContainers.first { $0.name == run.container }
    }

    /// Asks a probe or a hook: what goes by a command is the supervisor's, what goes over the network the node's.
    private func ask(
        _ purpose: PodQuestion.Purpose,
        _ handler: ProbeHandler,
        for timeout: Duration,
        at now: TimePoint,
        _ wishes: inout [Wish],
        _ inputs: inout [PodInput]
    ) {
        let question = PodQuestion(purpose: purpose, timeout: timeout)
        switch handler {
        case .exec(let command):
            questionCount += 1
            questions[questionCount] = question
            let order = SupervisorOrder.execute(
                id: questionCount,
                milliseconds: question.milliseconds,
                command: command
            )
            if runs[question.run]?.send(order) != true {
                questions[questionCount] = nil
                inputs.append(question.input("the container is gone"))
            }
        case .sleep(let duration): sleeps.append((now + duration, question))
        case .httpGet, .tcpSocket, .grpc:
            guard let container = container(of: question.run),
                let network = NetworkQuestion(question, handler, container, context)
            else {
                inputs.append(question.input("the container has no port of this name"))
                return
            }
            wishes.append(.ask(network))
        }
    }

    // MARK: - Hearing

    /// Takes what its supervisors said.
    package func takeNews(at now: TimePoint) -> [Wish] {
        var wishes: [Wish] = []
        for (run, supervised) in runs {
            reading: while true {
                switch supervised.next() {
                case .nothing: break reading
                case .report(let report): wishes += hear(report, of: run, at: now)
                case .gone:
                    runs[run] = nil
                    wishes += hearEnd(of: run, at: now)
                    break reading
                }
            }
        }
        return wishes
    }

    /// Without a word of it before, somebody killed the supervisor, and with it the process: the life ignores what it knows already.
    private func hearEnd(of run: ContainerRun, at now: TimePoint) -> [Wish] {
        processes[run.container] = nil
        memoryLimits[run] = nil
        if let image = images.removeValue(forKey: run), removeLost(run, image) { return [] }
        removals.remove(run)
        return handle(.exited(run, .signal(SIGKILL)), at: now)
    }

    private func hear(_ report: SupervisorReport, of run: ContainerRun, at now: TimePoint) -> [Wish] {
        guard !removals.contains(run) else { return [] }
        switch report {
        case .started(let pid):
            if pid > 0 { processes[run.container] = pid }
            return handle(.started(run), at: now)
        case .refused(let reason, let message):
            images[run] = nil
            let text = "container \"\(run.container)\": \(message)"
            return handle(.startFailed(run, reason: reason, message: text), at: now)
        case .failed(let failure):
            images[run] = nil
            return handle(
                .startFailed(run, reason: "RunContainerError", message: failure.message(for: run)),
                at: now
            )
        case .ended(let end, let outOfMemory):
            processes[run.container] = nil
            images[run] = nil
            let cause: ContainerExit.Cause =
                switch end {
                case _ where outOfMemory: .outOfMemory
                case .exited(let status): .status(status)
                case .signaled(let signal): .signal(signal)
                }
            return handle(.exited(run, cause), at: now)
        case .executed(let id, let end, let output):
            return hear(answer: Self.failure(end, output), to: id, at: now)
        case .notExecuted(let id, let failure):
            return hear(answer: failure.message(for: run), to: id, at: now)
        }
    }

    /// What came of a question that went over the network.
    ///
    /// - Parameter failure: what went wrong; `nil` for nothing.
    package func hear(_ failure: String?, from question: PodQuestion, at now: TimePoint) -> [Wish] {
        handle(question.input(failure), at: now)
    }

    private func hear(answer failure: String?, to id: Int, at now: TimePoint) -> [Wish] {
        guard let question = questions.removeValue(forKey: id) else { return [] }
        return handle(question.input(failure), at: now)
    }

    private static func failure(_ end: ProcessEnd?, _ output: String) -> String? {
        let text = output.split(whereSeparator: \.isNewline).joined(separator: " ")
        switch end {
        case .exited(0): return nil
        case .exited(let status):
            return text.isEmpty ? "exit status \(status)" : "exit status \(status): \(text)"
        case .signaled(let signal): return "ended by signal \(signal)"
        case nil: return "the command took too long"
        }
    }
}

extension LaunchFailure {
    fileprivate func message(for run: ContainerRun) -> String {
        let reason = SystemCallError(number).reason
        return switch step {
        case .find: "container \"\(run.container)\": its command is no program in PATH: \(reason)"
        case .fork: "container \"\(run.container)\": the system has no room for a process: \(reason)"
        case .joinGroup: "container \"\(run.container)\": cannot limit what it uses: \(reason)"
        case .becomeUser:
            "container \"\(run.container)\": cannot become its runAsUser: \(reason); only a node that runs as root can"
        case .changeDirectory: "container \"\(run.container)\": cannot enter its workingDir: \(reason)"
        case .execute: "container \"\(run.container)\": cannot execute its command: \(reason)"
        }
    }
}
