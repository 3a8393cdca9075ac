// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Entries as lines of JSON, as they are stored and exported. What was written is read again exactly; keys may be added, and
/// an entry with an event or a word that is not known is not read at all.
extension JournalEntry {
    package var line: String { JSONWriter.write(node) }

    /// `nil` where the text is no entry.
    package init?(line: String) {
        guard let node = try? JSONReader.read(line) else { return nil }
        self.init(node)
    }
}

/// A part of an entry.
protocol JournalPart {
    var node: Node { get }
    init?(_ node: Node)
}

extension JournalEntry: JournalPart {
    var node: Node {
        var node = event.node
        node.set(.integer(Int64(number)), at: "entry")
        node.set(.integer(wallMilliseconds), at: "time")
        return node
    }

    init?(_ node: Node) {
        guard let number = node.count("entry"), let time = node["time"]?.integer,
            let event = RolloutEvent(node)
        else { return nil }
        self.init(number: number, wallMilliseconds: time, event: event)
    }
}

extension RolloutEvent: JournalPart {
    var node: Node {
        switch self {
        case .started(let plan): .event("started", ["plan": plan.node])
        case .tookOver(let term): .event("tookOver", ["term": .number(term)])
        case .recovered(let behind): .event("recovered", ["behind": .integer(Int64(behind))])
        case .watched(let time, let counts):
            .event("watched", ["nanoseconds": time.node, "counts": .map(counts)])
        case .countsLost(let epoch, let now):
            .event("countsLost", ["epoch": .string(epoch), "now": now.node])
        case .proxies(let came, let vanished):
            .event("proxies", ["came": .strings(came), "vanished": .strings(vanished)])
        case .trafficStopped: .event("trafficStopped")
        case .trafficCame: .event("trafficCame")
        case .stepBegan(let index): .event("stepBegan", ["step": .integer(Int64(index))])
        case .settingInForce(let setting, let epoch, let counted):
            .event(
                "settingInForce",
                ["setting": setting.node, "epoch": .string(epoch), "counted": counted.node]
            )
        case .settingFailed(let text): .event("settingFailed", ["text": .string(text)])
        case .edited(let setting, let epoch, let author):
            .event(
                "edited",
                ["setting": setting?.node ?? Node(.null), "epoch": .string(epoch), "by": .string(author)]
            )
        case .gatesAsked: .event("gatesAsked")
        case .notified(let key, let failure):
            .event("notified", ["notice": key.node, "failure": failure.map(Node.string) ?? Node(.null)])
        case .gateAnswered(let name, let answer):
            .event("gateAnswered", ["gate": .string(name), "answer": answer.node])
        case .splitDistrusted: .event("splitDistrusted")
        case .alarmed(let text): .event("alarmed", ["text": .string(text)])
        case .paused(let cause): .event("paused", ["cause": cause.node])
        case .resumed(let order): .event("resumed", ["order": order.node])
        case .promoted(let order): .event("promoted", ["order": order?.node ?? Node(.null)])
        case .aborted(let cause): .event("aborted", ["cause": cause.node])
        case .retried(let order): .event("retried", ["order": order.node])
        case .watchEnded: .event("watchEnded")
        case .manifestChanged(let author): .event("manifestChanged", ["by": .string(author)])
        case .manifestDeleted(let author): .event("manifestDeleted", ["by": .string(author)])
        }
    }

    init?(_ node: Node) {
        guard let event = Self.plain(node) ?? Self.ofTraffic(node) ?? Self.ofPeople(node) else { return nil }
        self = event
    }

    private static func plain(_ node: Node) -> RolloutEvent? {
        switch node["event"]?.string {
        case "gatesAsked": .gatesAsked
        case "trafficStopped": .trafficStopped
        case "trafficCame": .trafficCame
        case "splitDistrusted": .splitDistrusted
        case "watchEnded": .watchEnded
        case "settingFailed": node["text"]?.string.map { .settingFailed($0) }
        case "alarmed": node["text"]?.string.map { .alarmed($0) }
        case "tookOver": node.number("term").map { .tookOver(term: $0) }
        case "recovered": node.count("behind").map { .recovered(behind: $0) }
        case "stepBegan": node.count("step").map { .stepBegan($0) }
        default: nil
        }
    }

    private static func ofTraffic(_ node: Node) -> RolloutEvent? {
        let epoch = node["epoch"]?.string
        switch node["event"]?.string {
        case "watched":
            guard let time: Duration = node.part("nanoseconds"),
                let counts: [String: ArmPair] = node.map("counts")
            else { return nil }
            return .watched(time, counts)
        case "countsLost":
            guard let epoch, let now: ArmPair = node.part("now") else { return nil }
            return .countsLost(epoch: epoch, now: now)
        case "proxies":
            guard let came = node["came"]?.strings, let vanished = node["vanished"]?.strings else {
                return nil
            }
            return .proxies(came: Set(came), vanished: Set(vanished))
        case "settingInForce":
            guard let epoch, let setting: RouteSetting = node.part("setting"),
                let counted: ArmPair = node.part("counted")
            else { return nil }
            return .settingInForce(setting, epoch: epoch, counted: counted)
        case "edited":
            let setting: RouteSetting? = node.part("setting")
            guard let epoch, let author = node["by"]?.string, (setting == nil) == (node["setting"] == nil)
            else { return nil }
            return .edited(setting, epoch: epoch, by: author)
        default: return nil
        }
    }

    private static func ofPeople(_ node: Node) -> RolloutEvent? {
        let order: Order? = node.part("order")
        switch node["event"]?.string {
        case "started": return node.part("plan").map { .started($0) }
        case "paused": return node.part("cause").map { .paused($0) }
        case "aborted": return node.part("cause").map { .aborted($0) }
        case "resumed": return order.map { .resumed($0) }
        case "retried": return order.map { .retried($0) }
        case "manifestChanged": return node["by"]?.string.map { .manifestChanged(by: $0) }
        case "manifestDeleted": return node["by"]?.string.map { .manifestDeleted(by: $0) }
        case "promoted":
            guard (order == nil) == (node["order"] == nil) else { return nil }
            return .promoted(order)
        case "notified":
            return node.part("notice").map { .notified($0, failure: node["failure"]?.string) }
        case "gateAnswered":
            guard let name = node["gate"]?.string, let answer: GateAnswer = node.part("answer") else {
                return nil
            }
            return .gateAnswered(name, answer)
        default: return nil
        }
    }
}
