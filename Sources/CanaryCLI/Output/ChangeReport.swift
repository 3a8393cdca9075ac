// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Prints what a command changed, in kubectl's words or as objects.
struct ChangeReport {
    let options: ChangeOptions
    var output: ChangeFormat?
    /// What a command with a word of its own did: `scaled`.
    var done: String?
    /// The same for what it left as it was.
    var unchanged: String?
    let context: CommandContext

    /// The revision that holds the change goes to standard error: the lines are kubectl's, and objects carry it.
    func print(_ result: ChangeResult) {
        let changes = result.changes
        let stream = context.standardOutput
        switch output {
        case .yaml: stream.write(ObjectText.text(node(changes), as: .yaml))
        case .json: stream.write(ObjectText.text(node(changes), as: .json))
        case .name: changes.forEach { stream.writeLine($0.key.qualifiedName) }
        case nil:
            changes.forEach { stream.writeLine(line($0)) }
            printRevision(result)
        }
    }

    func printRevision(_ result: ChangeResult) {
        guard let revision = result.revision else { return }
        context.standardOutput.flush()
        context.standardError.writeLine("revision \(revision)")
    }

    /// One object alone, several as a `List`; without the data of Secrets, which only `get` shows.
    private func node(_ changes: [ObjectChange]) -> Node {
        let objects = changes.compactMap { $0.after ?? $0.before }
            .map { SecretData.hide(in: ObjectText.node($0)) }
        return objects.count == 1 ? objects[0] : ObjectText.list(objects)
    }

    /// `service/helloworld created`, `service "helloworld" deleted from default namespace`.
    private func line(_ change: ObjectChange) -> String {
        let key = change.key
        guard change.outcome == .deleted else {
            let word = change.outcome == .unchanged ? unchanged : done
            return "\(key.qualifiedName) \(word ?? change.outcome.rawValue)\(options.suffix)"
        }
        let place = key.kind.isNamespaced ? " from \(key.namespace) namespace" : ""
        return "\(key.kind.qualifiedName) \"\(key.name)\" deleted\(place)\(options.suffix)"
    }
}
