// SPDX-License-Identifier: Apache-2.0

/// Who is told what becomes of a rollout.
package struct RolloutNotification: Sendable {
    package enum Event: String, Sendable, CaseIterable {
        case started, stepped, paused, resumed, alarmed, aborted, promoted

        /// What is told where nothing else was said.
        package static let usual: Set<Event> = Set(allCases).subtracting([.stepped])
    }

    package enum Receiver: Sendable {
        case webhook(url: String)
        case command([String])
    }

    package var receiver: Receiver?
    package var events: Set<Event>
    package var timeout: Duration

    init(_ node: Node) {
        if let words = node["command"]?.strings {
            receiver = .command(words)
        } else {
            receiver = node["webhook"]?["url"]?.string.map { .webhook(url: $0) }
        }
        events = node["events"].map { Set($0.strings.compactMap(Event.init)) } ?? Event.usual
        timeout = Duration(node["timeout"]) ?? .seconds(5)
    }
}
