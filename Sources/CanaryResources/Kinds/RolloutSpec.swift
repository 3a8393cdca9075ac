// SPDX-License-Identifier: Apache-2.0

/// What a Rollout asks for: a version of a host gets more and more requests, as long as it holds up.
///
/// What the manifest leaves out is `nil` where only the cluster or the judge can say what it means.
package struct RolloutSpec: Sendable {
    package enum Ramp: String, Sendable, CaseIterable {
        case evidence, fixed
    }

    package enum OnAbort: String, Sendable, CaseIterable {
        case takeBack, freeze
    }

    package enum OnControllerLost: String, Sendable, CaseIterable {
        case hold, stable
    }

    /// As written; resolve it with the namespace.
    package var host: String
    package var canary: String
    /// `nil` is the version with the largest share.
    package var stable: String?
    /// `nil` is the route that takes what no other does.
    package var route: RouteName?
    /// The usual ones where the manifest has none.
    package var steps: [RolloutStep]
    package var ramp: Ramp
    package var hold: Duration?
    package var stepDeadline: Duration?
    package var analysis: RolloutAnalysis
    package var onAbort: OnAbort
    /// How long the old version stays, and is compared with, after the promotion.
    package var watch: Duration
    /// Whether harm after the promotion takes the canary back.
    package var takesBackAfterPromotion: Bool
    package var controllerLostAfter: Duration
    package var onControllerLost: OnControllerLost
    /// The rollouts of a namespace that have the same one move as one.
    package var group: String?
    package var notifications: [RolloutNotification]

    package static let usualSteps = [1, 5, 25, 50, 100].map {
        RolloutStep(.split(Percentage(millionths: $0 * 10_000)))
    }

    package init(_ body: Node) {
        let spec = body["spec"]
        func text(_ key: String) -> String? { spec?[key]?.string.flatMap { $0.isEmpty ? nil : $0 } }
        host = text("host") ?? ""
        canary = text("canary") ?? ""
        stable = text("stable")
        route = RouteName(spec?["route"])
        steps =
            (spec?["steps"]?.items).flatMap { $0.isEmpty ? nil : $0.compactMap(RolloutStep.init) }
            ?? Self.usualSteps
        ramp = text("ramp").flatMap(Ramp.init) ?? .evidence
        hold = Duration(spec?["hold"])
        stepDeadline = Duration(spec?["stepDeadline"])
        analysis = RolloutAnalysis(spec?["analysis"])
        onAbort = text("onAbort").flatMap(OnAbort.init) ?? .takeBack
        let afterPromotion = spec?["afterPromotion"]
        watch = Duration(afterPromotion?["watch"]) ?? .seconds(600)
        takesBackAfterPromotion = afterPromotion?["takeBack"]?.bool ?? true
        let lost = spec?["onControllerLost"]
        controllerLostAfter = Duration(lost?["after"]) ?? .seconds(60)
        onControllerLost = lost?["traffic"]?.string.flatMap(OnControllerLost.init) ?? .hold
        group = text("group")
        notifications = (spec?["notifications"]?.items ?? []).map(RolloutNotification.init)
    }
}

/// A route of a host, by its name or by its number among all routes of the host.
package enum RouteName: Hashable, Sendable {
    case name(String)
    case index(Int)

    package init?(_ node: Node?) {
        if let number = node?.integer.flatMap(Int.init(exactly:)) {
            self = .index(number)
        } else if let text = node?.string, !text.isEmpty {
            self = Int(text).map { .index($0) } ?? .name(text)
        } else {
            return nil
        }
    }
}

extension RouteName: CustomStringConvertible {
    package var description: String {
        switch self {
        case .name(let name): name
        case .index(let index): String(index)
        }
    }
}

package struct RolloutStep: Sendable {
    /// Where requests go during the step.
    package enum Setting: Sendable {
        /// At random, so many of them to the canary.
        case split(Percentage)
        /// To the stable version; the canary gets copies of so many.
        case mirror(Percentage)
        /// To the stable version, but for what matches: blocks as a VirtualService has them, as written.
        case match([Node])
    }

    package var setting: Setting
    /// At least so long.
    package var hold: Duration?
    /// Whether somebody has to say `resume` before the next step.
    package var pause = false

    package init(_ setting: Setting) {
        self.setting = setting
    }

    /// A share, or a mapping; `nil` for what is neither.
    package init?(_ node: Node) {
        if let weight = Percentage(share: node) {
            self.init(.split(weight))
        } else if let weight = Percentage(share: node["weight"]) {
            self.init(.split(weight))
        } else if let part = Percentage(share: node["mirror"]) {
            self.init(.mirror(part))
        } else if let blocks = node["match"]?.sequence, !blocks.isEmpty {
            self.init(.match(blocks))
        } else {
            return nil
        }
        hold = Duration(node["hold"])
        pause = node["pause"]?.bool ?? false
    }
}

/// `10%`, `mirror 10%`, `match headers.x-tester.exact=yes`.
extension RolloutStep.Setting: CustomStringConvertible {
    package var description: String {
        switch self {
        case .split(let share): "\(share)%"
        case .mirror(let share): "mirror \(share)%"
        case .match(let blocks): "match \(Self.name(of: blocks))"
        }
    }

    /// What people may call match blocks: `headers.x-tester.exact=yes`. Two lists of one name mean the same.
    package static func name(of blocks: [Node]) -> String {
        blocks.map { leaves($0, "").sorted().joined(separator: ", ") }.joined(separator: " or ")
    }

    private static func leaves(_ node: Node, _ path: String) -> [String] {
        let prefix = path.isEmpty ? "" : "\(path)."
        switch node.content {
        case .mapping(let mapping): return mapping.entries.flatMap { leaves($0.value, prefix + $0.key) }
        case .sequence(let items):
            return items.enumerated().flatMap { leaves($0.element, "\(prefix)\($0.offset)") }
        case .string(let text): return ["\(path)=\(text)"]
        case .integer(let value): return ["\(path)=\(value)"]
        case .number(let value): return ["\(path)=\(value)"]
        case .bool(let value): return ["\(path)=\(value)"]
        case .null: return []
        }
    }
}

extension Percentage {
    /// A share as rollouts write it: `5`, `0.5`, `5%`. Finer than a ten-thousandth of a percent is none.
    package init?(share node: Node?) {
        if let text = node?.string {
            self.init(text)
        } else if let number = node?.number, (0...100).contains(number) {
            let millionths = (number * 10_000).rounded()
            guard abs(number * 10_000 - millionths) < 1e-6 else { return nil }
            self.init(millionths: Int(millionths))
        } else {
            return nil
        }
    }
}
