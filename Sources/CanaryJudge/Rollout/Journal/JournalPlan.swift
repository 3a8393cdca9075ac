// SPDX-License-Identifier: Apache-2.0

import CanaryResources

extension RolloutPlan: JournalPart {
    var node: Node {
        .mapping([
            "stable": .string(stable), "canary": .string(canary), "steps": .sequence(steps.map(\.node)),
            "ramp": .string(ramp == .fixed ? "fixed" : "evidence"), "hold": .optional(hold),
            "rules": rules.node,
            "warmUp": warmUp.node, "stepDeadline": .optional(stepDeadline),
            "gates": .sequence(gates.map(\.node)),
            "notices": .sequence(notices.map { .strings(Set($0.map(\.rawValue))) }),
            "onAbort": .string(onAbort == .freeze ? "freeze" : "takeBack"), "watch": watch.node,
            "takesBackAfterPromotion": .bool(takesBackAfterPromotion),
            "onControllerLost": onControllerLost.node, "group": group.map(Node.string) ?? Node(.null),
        ])
    }

    init?(_ node: Node) {
        guard let stable = node["stable"]?.string, let canary = node["canary"]?.string,
            let steps: [Step] = node.list("steps"), let rules: JudgeRules = node.part("rules"),
            let gates: [Gate] = node.list("gates"), let warmUp: Duration = node.part("warmUp"),
            let watch: Duration = node.part("watch"), let takesBack = node["takesBackAfterPromotion"]?.bool,
            let loss: ControllerLoss = node.part("onControllerLost"), let ramp = node["ramp"]?.string,
            let onAbort = node["onAbort"]?.string
        else { return nil }
        self.init(stable: stable, canary: canary, steps: steps)
        (self.rules, self.gates, self.warmUp, self.watch) = (rules, gates, warmUp, watch)
        self.ramp = ramp == "fixed" ? .fixed : .evidence
        self.onAbort = onAbort == "freeze" ? .freeze : .takeBack
        takesBackAfterPromotion = takesBack
        onControllerLost = loss
        hold = node.part("hold")
        stepDeadline = node.part("stepDeadline")
        group = node["group"]?.string
        notices = (node["notices"]?.items ?? []).map { events in
            Set(events.strings.compactMap(RolloutNotification.Event.init))
        }
    }
}

extension RolloutPlan.Step: JournalPart {
    var node: Node {
        .mapping([
            "setting": setting.node, "hold": .optional(hold), "waitsForResume": .bool(waitsForResume),
        ])
    }

    init?(_ node: Node) {
        guard let setting: RouteSetting = node.part("setting"), let waits = node["waitsForResume"]?.bool
        else {
            return nil
        }
        self.init(setting, hold: node.part("hold"), waitsForResume: waits)
    }
}

extension RolloutPlan.Gate: JournalPart {
    var node: Node {
        .mapping([
            "name": .string(name), "abortsOnFailure": .bool(abortsOnFailure),
            "failureLimit": .integer(Int64(failureLimit)),
        ])
    }

    init?(_ node: Node) {
        guard let name = node["name"]?.string, let aborts = node["abortsOnFailure"]?.bool else { return nil }
        self.init(name, abortsOnFailure: aborts, failureLimit: node.count("failureLimit") ?? 0)
    }
}

extension ControllerLoss: JournalPart {
    var node: Node { .mapping(["after": after.node, "fallsBack": .bool(fallsBack)]) }

    init?(_ node: Node) {
        guard let after: Duration = node.part("after"), let fallsBack = node["fallsBack"]?.bool else {
            return nil
        }
        self.init(after: after, fallsBack: fallsBack)
    }
}

extension JudgeRules: JournalPart {
    var node: Node {
        .mapping([
            "alpha": Node(.number(alpha)), "beta": Node(.number(beta)),
            "splitAlpha": Node(.number(splitAlpha)),
            "unit": .string(unit == .users ? "users" : "requests"), "comparesErrors": .bool(comparesErrors),
            "errorStatuses": .sequence(errorStatuses.entries.map { .string("\($0)") }),
            "errorTolerance": Node(.number(errorTolerance)), "errorFloor": .optional(errorFloor),
            "errorLimit": .optional(errorLimit),
            "quantiles": .sequence(quantiles.map { .integer(Int64($0.rawValue)) }),
            "slowdown": Node(.number(slowdown)), "latencyFloor": .integer(Int64(latencyFloor)),
            "latencyLimit": latencyLimit.map { .integer(Int64($0)) } ?? Node(.null),
            "watchesAnswers": .bool(watchesAnswers), "fineRatio": Node(.number(fineRatio)),
            "plannedRatio": Node(.number(plannedRatio)), "plannedRate": plannedRate.node,
            "judgesMirrors": .bool(judgesMirrors),
        ])
    }

    init?(_ node: Node) {
        self.init()
        guard let alpha = node["alpha"]?.number, let beta = node["beta"]?.number,
            let splitAlpha = node["splitAlpha"]?.number, let unit = node["unit"]?.string,
            let tolerance = node["errorTolerance"]?.number, let slowdown = node["slowdown"]?.number,
            let fineRatio = node["fineRatio"]?.number, let plannedRatio = node["plannedRatio"]?.number,
            let plannedRate: Share = node.part("plannedRate"), let errors = node["comparesErrors"]?.bool,
            let answers = node["watchesAnswers"]?.bool, let mirrors = node["judgesMirrors"]?.bool,
            let quantiles = node["quantiles"]?.sequence
        else { return nil }
        (self.alpha, self.beta, self.splitAlpha) = (alpha, beta, splitAlpha)
        self.unit = unit == "users" ? .users : .requests
        (errorTolerance, self.slowdown, self.fineRatio) = (tolerance, slowdown, fineRatio)
        (self.plannedRatio, self.plannedRate) = (plannedRatio, plannedRate)
        (comparesErrors, watchesAnswers, judgesMirrors) = (errors, answers, mirrors)
        self.quantiles = quantiles.compactMap { $0.integer.flatMap { LatencyQuantile(rawValue: Int($0)) } }
        if let statuses = node["errorStatuses"]?.strings {
            errorStatuses = ErrorStatuses(statuses.compactMap(ErrorStatuses.Entry.init))
        }
        errorFloor = node.part("errorFloor")
        errorLimit = node.part("errorLimit")
        latencyFloor = node.count("latencyFloor") ?? 0
        latencyLimit = node.count("latencyLimit")
    }
}

// MARK: - Nodes of parts

extension Node {
    static func event(_ name: String, _ parts: KeyValuePairs<String, Node> = [:]) -> Node {
        let entries = parts.map { Mapping.Entry(key: $0.key, value: $0.value) }
        return Node(.mapping(Mapping([Mapping.Entry(key: "event", value: .string(name))] + entries)))
    }

    /// What no signed number holds is the largest one: nobody has counted that far.
    static func number(_ value: UInt64) -> Node { .integer(Int64(clamping: value)) }

    static func optional(_ part: (some JournalPart)?) -> Node { part?.node ?? Node(.null) }

    static func strings(_ values: Set<String>) -> Node { .sequence(values.sorted().map(Node.string)) }

    static func map(_ parts: [String: some JournalPart]) -> Node {
        let entries = parts.sorted { $0.key < $1.key }.map {
            Mapping.Entry(key: $0.key, value: $0.value.node)
        }
        return Node(.mapping(Mapping(entries)))
    }

    var unsigned: UInt64? { integer.flatMap { UInt64(exactly: $0) } }

    func number(_ key: String) -> UInt64? { self[key]?.unsigned }

    func count(_ key: String) -> Int? { self[key]?.integer.flatMap { Int(exactly: $0) } }

    func part<Part: JournalPart>(_ key: String) -> Part? { self[key].flatMap(Part.init) }

    /// `nil` if one of them is none.
    func list<Part: JournalPart>(_ key: String) -> [Part]? {
        guard let items = self[key]?.sequence else { return nil }
        let parts = items.compactMap(Part.init)
        return parts.count == items.count ? parts : nil
    }

    func map<Part: JournalPart>(_ key: String) -> [String: Part]? {
        guard let entries = self[key]?.mapping?.entries else { return nil }
        let parts = entries.compactMap { entry in Part(entry.value).map { (entry.key, $0) } }
        return parts.count == entries.count ? Dictionary(parts) { $1 } : nil
    }
}
