// SPDX-License-Identifier: Apache-2.0

import CanaryModel
import Synchronization

/// What the admin pages show.
struct AdminPages {
    let shared: ProxyShared

    /// 503 before the first table and while draining; an old table is still a table.
    func ready() -> AdminConnection.Answer {
        let state = shared.publication()
        if state.isDraining { return .init(status: 503, body: "DRAINING\n") }
        guard state.table != nil else { return .init(status: 503, body: "INITIALIZING\n") }
        guard let since = state.staleSince else { return .init(status: 200, body: "LIVE\n") }
        var moment = ByteBuffer(capacity: 32)
        moment.append(timestamp: since &* 1000)
        return .init(status: 200, body: "LIVE\nstale since \(moment.slice.text)\n")
    }

    func prometheus() -> AdminConnection.Answer {
        .init(
            status: 200,
            type: "text/plain; version=0.0.4; charset=utf-8",
            body: PrometheusText(shared: shared).text()
        )
    }

    /// Every endpoint that requests may go to.
    func clusters() -> AdminConnection.Answer {
        var lines: [String] = []
        for identifier in 0..<UInt32(clamping: shared.identifiers.endpointCount) {
            guard let endpoint = shared.identifiers.endpoint(identifier) else { continue }
            lines.append("endpoint::\(endpoint.description)")
        }
        for (identifier, snapshot) in shared.countersByIdentifier().sorted(by: { $0.key < $1.key }) {
            guard let counter = shared.identifiers.counter(identifier) else { continue }
            let name = "\(counter.destinationHost)|\(counter.subset)|\(counter.version)"
            lines.append("cluster::\(name)::rq_total::\(snapshot.assigned)")
            lines.append("cluster::\(name)::rq_error::\(snapshot.serverErrors)")
        }
        return .init(status: 200, body: lines.map { $0 + "\n" }.joined())
    }

    /// Listeners, hosts, destinations and endpoints, without anything secret.
    func configuration() -> AdminConnection.Answer {
        let state = shared.publication()
        var json = JSONText()
        json.object {
            $0.field("revision", Int(state.table?.revision ?? -1))
            $0.array("listeners", state.listeners) { json, listener in
                json.object {
                    $0.field("address", listener.address.text)
                    $0.field("kind", "\(listener.spec.kind)")
                    if let index = state.table?.listeners.firstIndex(of: listener.spec) {
                        $0.array("hosts", state.table?.hosts(listener: Int32(index)) ?? []) { $0.value($1) }
                    }
                }
            }
            $0.array("destinations", destinations()) { json, counter in
                json.object {
                    $0.field("host", counter.key.host)
                    $0.field("virtualService", counter.key.virtualService)
                    $0.field("route", counter.key.route)
                    $0.field("since", Int(counter.key.since))
                    $0.field("destination", counter.destinationHost)
                    $0.field("subset", counter.subset)
                    $0.field("port", counter.port)
                    $0.field("weight", counter.weight)
                    $0.field("workload", counter.workload)
                    $0.field("version", counter.version)
                }
            }
            $0.array("endpoints", endpoints()) { $0.value($1) }
        }
        return .init(status: 200, type: "application/json", body: json.text + "\n")
    }

    private func destinations() -> [RouteCounter] {
        (0..<UInt32(clamping: shared.identifiers.counterCount)).compactMap(shared.identifiers.counter)
    }

    private func endpoints() -> [String] {
        (0..<UInt32(clamping: shared.identifiers.endpointCount)).compactMap {
            shared.identifiers.endpoint($0)?.description
        }
    }
}

/// Writes JSON, a value at a time.
struct JSONText {
    private(set) var text = ""
    private var needsComma = false

    mutating func object(_ body: (inout JSONText) -> Void) {
        open("{")
        body(&self)
        close("}")
    }

    mutating func array<Item>(_ name: String, _ items: [Item], _ body: (inout JSONText, Item) -> Void) {
        self.name(name)
        open("[")
        for item in items { body(&self, item) }
        close("]")
    }

    mutating func field(_ name: String, _ value: String) {
        self.name(name)
        self.value(value)
    }

    mutating func field(_ name: String, _ value: Int) {
        self.name(name)
        separate()
        text += String(value)
    }

    mutating func value(_ value: String) {
        separate()
        text += Self.quoted(value)
    }

    private mutating func name(_ name: String) {
        separate()
        text += Self.quoted(name) + ":"
        needsComma = false
    }

    private mutating func open(_ bracket: String) {
        separate()
        text += bracket
        needsComma = false
    }

    private mutating func close(_ bracket: String) {
        text += bracket
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { text += "," }
        needsComma = true
    }

    private static func quoted(_ value: String) -> String {
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case let control where control.value < 0x20 || control.value == 0x7F:
                let digits = String(control.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
