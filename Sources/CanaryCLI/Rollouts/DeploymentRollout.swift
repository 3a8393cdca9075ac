// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryReplicas
import CanaryResources
import CanaryStore
import CanarySystem

/// The rolling update of a Deployment, as kubectl's `rollout` steers it.
struct DeploymentRollout {
    let key: ResourceKey
    let session: ClusterSession

    /// Of `deployment/NAME`; `nil` for the name of a host.
    init?(_ text: String, _ session: ClusterSession) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init
        )
        guard parts.count == 2, ResourceKind(named: parts[0]) == .deployment else { return nil }
        key = ResourceKey(.deployment, namespace: session.settings.namespace, name: parts[1])
        self.session = session
    }

    // MARK: - Pausing

    /// What the orders of rollouts mean for a Deployment.
    func give(_ verb: RolloutVerb, reason: String?) throws -> ExitStatus {
        switch verb {
        case .pause: return try setPaused(true, reason)
        case .resume: return try setPaused(false, reason)
        case .promote, .promoteFull, .abort, .retry:
            throw CommandError.wrongUsage(
                "rollout \(verb == .promoteFull ? "promote" : verb.rawValue) is for hosts, and \(key.qualifiedName) is none",
                hint: "Deployments have rollout restart, status, history, undo, pause and resume"
            )
        }
    }

    private func setPaused(_ isPaused: Bool, _ reason: String?) throws -> ExitStatus {
        var options = try ChangeOptions.parse([])
        options.reason = reason
        let word = isPaused ? "paused" : "resumed"
        let result = try session.change(options, verb: "rollout") { change in
            let deployment = try change.deployment(key)
            guard deployment.body["spec"]?["paused"]?.bool ?? false != isPaused else {
                throw CommandError(
                    "\(key.qualifiedName) is \(isPaused ? "already" : "not") paused",
                    hint: "canaryctl rollout \(isPaused ? "resume" : "status") deployment/\(key.name)"
                )
            }
            var body = deployment.body
            body.set(isPaused ? .bool(true) : nil, at: "spec", "paused")
            try change.edit(Resource(key: key, body: body))
        }
        ChangeReport(options: options, done: word, context: session.context).print(result)
        return .success
    }

    // MARK: - Its past

    /// - Parameter revision: the one to show whole.
    func printHistory(_ revision: Int?, as form: ReportFormat) throws -> ExitStatus {
        let history = try session.read { view in
            try DeploymentHistory(of: view.deployment(key), in: view.reader)?.history
        }
        let report = DeploymentHistoryReport(key: key, history: history ?? RevisionHistory())
        let stream = session.context.standardOutput
        if form != .text {
            stream.write(ObjectText.text(try revision.map(report.node(of:)) ?? report.node, as: form))
        } else {
            stream.write(try revision.map(report.text(of:)) ?? report.text)
        }
        return .success
    }

    // MARK: - Waiting

    /// Tells how far it has come until it is through, with kubectl's sentences.
    func watch(atMost limit: TimeSpan?) throws -> ExitStatus {
        let patience = Patience(limit?.duration ?? Self.longest, pauseMilliseconds: 100)
        var progress = DeploymentProgress(at: Self.now)
        var told = ""
        var hintTime: TimePoint?
        var failure: String?
        let isDone = try patience.wait {
            let (status, spec, obstacle) = try look()
            progress.look(at: status, spec, at: Self.now)
            failure = status.isComplete ? nil : progress.failure(of: key.name)
            if failure == nil, status.sentence != told {
                told = status.sentence
                session.context.standardOutput.writeLine(told)
                session.context.standardOutput.flush()
                hintTime = Self.now + Self.hintDelay
            } else if let obstacle, let time = hintTime, Self.now >= time {
                hintTime = nil
                hint(obstacle)
            }
            return status.isComplete || failure != nil
        }
        if let failure {
            throw CommandError(failure, hint: "canaryctl get pods shows what keeps them from being ready")
        }
        guard isDone else {
            throw CommandError(
                "deployment \"\(key.name)\" has not rolled out yet",
                hint: "it goes on; canaryctl rollout status deployment/\(key.name) waits for it again",
                status: .timedOut
            )
        }
        return .success
    }

    /// What it waits for that may never come.
    private func hint(_ obstacle: String) {
        session.context.standardError.writeLine(
            "hint: \(TerminalText.message(obstacle)); canaryctl get events tells more"
        )
        session.context.standardError.flush()
    }

    /// - Returns: also what keeps a pod from being ready, if there is one.
    private func look() throws -> (DeploymentStatus, DeploymentSpec, obstacle: String?) {
        try session.read { view in
            let now = session.context.now()
            let deployment = try view.deployment(key)
            guard try session.runtime.liveNode() != nil else {
                throw CommandError(
                    "nothing runs the pods of \(key.qualifiedName)",
                    hint: "canaryctl up runs the store's Deployments"
                )
            }
            guard let spec = DeploymentSpec(deployment),
                let status = RunningReplicas(view.running.all, now: now).status(of: deployment)
            else { throw CommandError.notFound(key) }
            return (status, spec, PodObstacle.sentence(among: view.running.all, of: key))
        }
    }

    private static var now: TimePoint { TimePoint(milliseconds: Clock.monotonicMilliseconds()) }
    /// Pods that come as they should are there by then.
    private static let hintDelay = Duration.seconds(5)
    /// Who sets no limit waits for the progress deadline.
    private static let longest = Duration.seconds(86_400 * 365)
}
