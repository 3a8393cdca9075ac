// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore

/// Events as kubectl shows them.
struct EventTable {
    let events: [EventRecord]
    /// Milliseconds since 1970.
    let now: Int64

    init(_ events: [EventRecord], now: Int64) {
        self.events = events
        self.now = now
    }

    /// `get events`.
    func table(isWide: Bool, showsNamespace: Bool) -> Table {
        var titles = ["LAST SEEN", "TYPE", "REASON", "OBJECT"]
        if isWide {
            titles += ["SOURCE", "MESSAGE", "FIRST SEEN", "COUNT", "NAME"]
        } else {
            titles.append("MESSAGE")
        }
        var table = Table(titles: showsNamespace ? ["NAMESPACE"] + titles : titles)
        for event in events {
            var row = [
                isWide ? TimeText.age(from: event.last, to: now) : age(event), event.type, event.reason,
                event.objectName,
            ]
            if isWide {
                row += [
                    event.source, event.message, TimeText.age(from: event.first, to: now),
                    "\(event.count)", event.name,
                ]
            } else {
                row.append(event.message)
            }
            table.add(showsNamespace ? [event.object.namespace] + row : row)
        }
        return table
    }

    /// The lines at the end of `describe`.
    var section: [String] {
        guard !events.isEmpty else { return ["Events:  <none>"] }
        var table = Table(titles: ["Type", "Reason", "Age", "From", "Message"])
        for event in events {
            table.add([event.type, event.reason, age(event), event.source, event.message])
        }
        return ["Events:"] + table.text.split(separator: "\n").map { "  \($0)" }
    }

    /// `12s (x12 over 3m)`
    private func age(_ event: EventRecord) -> String {
        let last = TimeText.age(from: event.last, to: now)
        guard event.count > 1 else { return last }
        return "\(last) (x\(event.count) over \(TimeText.age(from: event.first, to: now)))"
    }
}

extension EventRecord {
    var type: String { isWarning ? "Warning" : "Normal" }

    /// `pod/web-6bcfd5b9c7-x2x4f`
    var objectName: String { "\(object.kind.singular)/\(object.name)" }

    /// Whose part in Kubernetes it is to tell this.
    var source: String {
        switch object.kind {
        case .pod: reason == "Scheduled" ? "default-scheduler" : "kubelet"
        case .horizontalPodAutoscaler: "horizontal-pod-autoscaler"
        default: "deployment-controller"
        }
    }

    /// As Kubernetes names them: the object's name, and something that tells its events apart.
    var name: String {
        let mark = "\(object.kind.rawValue)/\(reason)/\(message)".utf8.reduce(UInt32(2_166_136_261)) {
            ($0 ^ UInt32($1)) &* 16_777_619
        }
        return "\(object.name).\(String(mark, radix: 16))"
    }

    /// An Event of Kubernetes' `v1`.
    var node: Node {
        .mapping([
            "apiVersion": .string("v1"),
            "kind": .string("Event"),
            "metadata": .mapping([
                "name": .string(name), "namespace": .string(object.namespace),
                "creationTimestamp": Self.time(first),
            ]),
            "involvedObject": .mapping([
                "kind": .string(object.kind.name), "namespace": .string(object.namespace),
                "name": .string(object.name),
            ]),
            "type": .string(type),
            "reason": .string(reason),
            "message": .string(message),
            "count": .integer(Int64(count)),
            "firstTimestamp": Self.time(first),
            "lastTimestamp": Self.time(last),
            "source": .mapping(["component": .string(source)]),
        ])
    }

    private static func time(_ milliseconds: Int64) -> Node {
        .string(CalendarTime(milliseconds: milliseconds).text)
    }
}
