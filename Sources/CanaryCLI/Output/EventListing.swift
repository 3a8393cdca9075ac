// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryStore

/// `get events`: what happened in the last hour. Events are no objects of the store: the node tells them.
struct EventListing {
    let session: ClusterSession
    let output: ObjectOutputOptions
    /// `nil` is all namespaces.
    let namespace: String?
    /// What they are about; `nil` is everything.
    let subject: ResourceKey?
    private let template: JSONPath?
    private let columns: CustomColumns?
    private let order: ObjectOrder?

    /// Whether words ask for events.
    static func isMeant(by words: [String]) -> Bool {
        words.first.map { ["events", "event", "ev"].contains($0.lowercased()) } ?? false
    }

    /// - Parameter subject: as it was typed: `pod/NAME`.
    init(
        _ session: ClusterSession,
        _ output: ObjectOutputOptions,
        namespace: String?,
        subject: String?
    ) throws {
        self.session = session
        self.output = output
        self.namespace = namespace
        self.subject = try subject.map { text in
            guard case .names(let names) = try ObjectSelection([text]), let name = names.first, let namespace
            else {
                throw CommandError.wrongUsage(
                    "--for \"\(text)\" names no object of one namespace",
                    hint: "for example: canaryctl get events --for pod/NAME"
                )
            }
            return ResourceKey(name.kind, namespace: namespace, name: name.name)
        }
        template = if case .jsonPath(let text) = output.output { try JSONPath(text) } else { nil }
        columns = if case .customColumns(let text) = output.output { try CustomColumns(text) } else { nil }
        order = try output.sortBy.map(ObjectOrder.init)
    }

    func print() throws {
        let events = try self.events()
        let stream = session.context.standardOutput
        switch output.output {
        case .yaml: stream.write(ObjectText.text(Self.list(events), as: .yaml))
        case .json: stream.write(ObjectText.text(Self.list(events), as: .json))
        case .jsonPath: stream.write(template?.evaluate(Self.list(events)) ?? "")
        case .customColumns: write(columns?.table(of: events.map(\.node)))
        case .name: events.forEach { stream.writeLine("event/\($0.name)") }
        case .wide, nil:
            guard events.isEmpty else { return write(table(events)) }
            let place = namespace.map { "in \($0) namespace" } ?? "in any namespace"
            session.context.standardError.writeLine("No events found \(place).")
        }
    }

    /// Goes on and prints those that come, and those that happened again.
    func watch() throws {
        let stream = session.context.standardOutput
        var known = Set(try events())
        var titled = !output.noHeaders
        if !known.isEmpty {
            try print()
            titled = false
        }
        stream.flush()
        while stream.isOpen {
            _ = Patience(.milliseconds(500)).wait { false }
            let now = try events()
            let new = now.filter { !known.contains($0) }
            known = Set(now)
            guard !new.isEmpty else { continue }
            switch output.output {
            case .wide, nil:
                stream.write(titled ? table(new).text : table(new).textWithoutTitles)
                titled = false
            case .name: new.forEach { stream.writeLine("event/\($0.name)") }
            default: new.forEach { stream.writeLine(JSONWriter.write($0.node, pretty: false)) }
            }
            stream.flush()
        }
    }

    private func events() throws -> [EventRecord] {
        let found = try session.runtime.events(of: subject)
            .filter { namespace == nil || $0.object.namespace == namespace }
        return order?.sorted(found) { $0.node } ?? found
    }

    private func table(_ events: [EventRecord]) -> Table {
        let isWide = if case .wide = output.output { true } else { false }
        return EventTable(events, now: session.context.now())
            .table(isWide: isWide, showsNamespace: namespace == nil)
    }

    private func write(_ table: Table?) {
        guard let table else { return }
        session.context.standardOutput.write(output.noHeaders ? table.textWithoutTitles : table.text)
    }

    private static func list(_ events: [EventRecord]) -> Node { ObjectText.list(events.map(\.node)) }
}
