// SPDX-License-Identifier: Apache-2.0

import CanaryResources

extension Duration: JournalPart {
    /// Whole nanoseconds: manifests and clocks know nothing smaller.
    var node: Node {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return .integer(overflow || carry ? (seconds < 0 ? .min : .max) : sum)
    }

    init?(_ node: Node) {
        guard let nanoseconds = node.integer else { return nil }
        self = .nanoseconds(nanoseconds)
    }
}

extension Share: JournalPart {
    var node: Node { .sequence([.number(part), .number(whole)]) }

    init?(_ node: Node) {
        let numbers = node.items.compactMap(\.unsigned)
        guard numbers.count == 2, numbers[1] > 0 else { return nil }
        self.init(numbers[0], of: numbers[1])
    }
}

extension RouteSetting: JournalPart {
    var node: Node {
        switch self {
        case .split(let share): .mapping(["split": share.node])
        case .mirror(let share): .mapping(["mirror": share.node])
        case .focus(let name): .mapping(["focus": .string(name)])
        }
    }

    init?(_ node: Node) {
        if let share: Share = node.part("split") {
            self = .split(share)
        } else if let share: Share = node.part("mirror") {
            self = .mirror(share)
        } else if let name = node["focus"]?.string {
            self = .focus(name)
        } else {
            return nil
        }
    }
}

extension ArmCounts: JournalPart {
    var node: Node {
        var node = Node.mapping([
            "assigned": .number(assigned), "ended": .number(ended), "errors": .number(errors),
            "durations": durations.node,
        ])
        if !users.isEmpty { node.set(users.node, at: "users") }
        return node
    }

    init?(_ node: Node) {
        guard let assigned = node.number("assigned"), let ended = node.number("ended"),
            let errors = node.number("errors")
        else { return nil }
        self.init(assigned: assigned, ended: ended, errors: errors)
        if let part = node["durations"] {
            guard let durations = DurationHistogram(part) else { return nil }
            self.durations = durations
        }
        if let part = node["users"] {
            guard let users = UserCounts(part) else { return nil }
            self.users = users
        }
    }
}

extension UserCounts: JournalPart {
    var node: Node {
        .mapping([
            "assigned": .number(assigned), "tried": .number(tried), "failed": .number(failed),
            "durations": durations.node,
        ])
    }

    init?(_ node: Node) {
        guard let assigned = node.number("assigned"), let tried = node.number("tried"),
            let failed = node.number("failed"), let durations: DurationHistogram = node.part("durations")
        else { return nil }
        self.init()
        (self.assigned, self.tried, self.failed, self.durations) = (assigned, tried, failed, durations)
    }
}

extension DurationHistogram: JournalPart {
    /// Pairs of a bucket and its count.
    var node: Node {
        let filled = counts.enumerated().filter { $0.element > 0 }
        return .sequence(filled.flatMap { [.integer(Int64($0.offset)), .number($0.element)] })
    }

    init?(_ node: Node) {
        self.init()
        let numbers = node.items.compactMap(\.unsigned)
        for index in stride(from: 0, to: numbers.count - 1, by: 2) {
            guard let bucket = Int(exactly: numbers[index]) else { return nil }
            add(numbers[index + 1], bucket: bucket)
        }
    }
}

extension ArmPair: JournalPart {
    var node: Node { .mapping(["canary": canary.node, "stable": stable.node]) }

    init?(_ node: Node) {
        guard let canary: ArmCounts = node.part("canary"), let stable: ArmCounts = node.part("stable") else {
            return nil
        }
        self.init(canary: canary, stable: stable)
    }
}

extension Order: JournalPart {
    var node: Node { .mapping(["id": .string(id), "by": .string(by), "reason": .string(reason)]) }

    init?(_ node: Node) {
        guard let id = node["id"]?.string, let by = node["by"]?.string, let reason = node["reason"]?.string
        else { return nil }
        self.init(id: id, by: by, reason: reason)
    }
}

extension NoticeKey: JournalPart {
    var node: Node { .mapping(["entry": .integer(Int64(entry)), "receiver": .integer(Int64(receiver))]) }

    init?(_ node: Node) {
        guard let entry = node.count("entry"), let receiver = node.count("receiver") else { return nil }
        self.init(entry: entry, receiver: receiver)
    }
}

extension GateAnswer: JournalPart {
    var node: Node {
        switch self {
        case .passed: .mapping(["passed": .bool(true)])
        case .failed(let text): .mapping(["failed": .string(text)])
        case .silent(let text): .mapping(["silent": .string(text)])
        }
    }

    init?(_ node: Node) {
        if node["passed"]?.bool == true {
            self = .passed
        } else if let text = node["failed"]?.string {
            self = .failed(text)
        } else if let text = node["silent"]?.string {
            self = .silent(text)
        } else {
            return nil
        }
    }
}

extension PauseCause: JournalPart {
    var node: Node {
        switch self {
        case .order(let order): .mapping(["order": order.node])
        case .step: .string("step")
        case .edit(let author): .mapping(["edit": .string(author)])
        case .split: .string("split")
        case .deadline: .string("deadline")
        case .frozen(let text): .mapping(["frozen": .string(text)])
        case .damage(let text): .mapping(["damage": .string(text)])
        }
    }

    init?(_ node: Node) {
        switch node.string {
        case "step": self = .step
        case "split": self = .split
        case "deadline": self = .deadline
        default:
            if let order: Order = node.part("order") {
                self = .order(order)
            } else if let author = node["edit"]?.string {
                self = .edit(by: author)
            } else if let text = node["frozen"]?.string {
                self = .frozen(text)
            } else if let text = node["damage"]?.string {
                self = .damage(text)
            } else {
                return nil
            }
        }
    }
}

extension AbortCause: JournalPart {
    var node: Node {
        switch self {
        case .alarm(let text): .mapping(["alarm": .string(text)])
        case .gate(let name, let text): .mapping(["gate": .string(name), "text": .string(text)])
        case .order(let order): .mapping(["order": order.node])
        case .group(let text): .mapping(["group": .string(text)])
        case .damage(let text): .mapping(["damage": .string(text)])
        }
    }

    init?(_ node: Node) {
        if let order: Order = node.part("order") {
            self = .order(order)
        } else if let text = node["alarm"]?.string {
            self = .alarm(text)
        } else if let name = node["gate"]?.string, let text = node["text"]?.string {
            self = .gate(name, text)
        } else if let text = node["group"]?.string {
            self = .group(text)
        } else if let text = node["damage"]?.string {
            self = .damage(text)
        } else {
            return nil
        }
    }
}
