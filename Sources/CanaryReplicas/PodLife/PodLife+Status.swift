// SPDX-License-Identifier: Apache-2.0

extension PodPhase {
    /// Whether nothing comes after it.
    package var isFinal: Bool { self == .succeeded || self == .failed }
}

extension PodLife {
    /// Kubernetes' `status.phase`.
    package var phase: PodPhase {
        let own = containers.filter { !$0.isInit }
        if containers.contains(where: { $0.isInit && $0.state == .ended && $0.lastExit?.isSuccess == false })
        {
            return .failed
        }
        if !own.isEmpty, own.allSatisfy({ $0.state == .ended }) {
            return own.allSatisfy { $0.lastExit?.isSuccess == true } ? .succeeded : .failed
        }
        let hasBegun = own.contains { $0.hasProcess || $0.lastExit != nil }
        return hasBegun ? .running : .pending
    }

    /// `1/2`: the ready ones of all that are there for the pod's work.
    package var readyColumn: String {
        let counted = containers.filter(\.counts)
        return "\(counted.count(where: \.isReady))/\(counted.count)"
    }

    package var restarts: Int { containers.reduce(0) { $0 + $1.restarts } }

    /// When a container ended that was started again since.
    package var lastRestart: TimePoint? {
        containers.filter { $0.restarts > 0 }.compactMap(\.lastExit?.time).max()
    }

    /// The word of the column STATUS, chosen as kubectl chooses it.
    package var statusColumn: String {
        if isTerminating { return "Terminating" }
        return initColumn ?? ownColumn
    }

    /// What the first init container that is not through does.
    private var initColumn: String? {
        let initial = containers.filter(\.isInit)
        guard let index = initial.firstIndex(where: { !$0.isPassed }) else { return nil }
        let word = initial[index].word
        // That it has not begun is no news.
        return word.map { "Init:\($0)" } ?? "Init:\(index)/\(initial.count)"
    }

    /// The first container's word, unless it ended well while another runs.
    private var ownColumn: String {
        let own = containers.filter { !$0.isInit }
        guard let word = own.lazy.compactMap(\.word).first else {
            return own.contains { $0.runs > 0 && $0.state != .starting }
                ? phase.rawValue : "ContainerCreating"
        }
        guard word == "Completed", own.contains(where: { $0.isRunning && $0.stop == nil }) else {
            return word
        }
        return isReady ? "Running" : "NotReady"
    }
}

extension ContainerLife {
    /// What there is to be said of it, if it neither runs nor only begins.
    fileprivate var word: String? {
        switch state {
        case .waiting("PodInitializing", _, _), .hooking, .running: nil
        case .waiting(let reason, _, _): reason
        case .starting: lastExit?.reason
        case .ended: lastExit?.reason
        }
    }
}
