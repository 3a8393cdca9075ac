// SPDX-License-Identifier: Apache-2.0

import CanaryResources

extension DocumentReader {
    /// Reads documents as long as they are plain; `start` is then where the first other one begins.
    mutating func readPlainDocuments(upTo end: Int, _ body: (Node) -> Void) {
        let text = self.text
        text.withUnsafeBufferPointer { buffer in
            var reader = PlainReader(
                UnsafeBufferPointer(rebasing: buffer[..<end]),
                from: start,
                line: line,
                nodeCount: composer.nodeCount,
                limits: composer.limits
            )
            while start < end, documentCount < documentLimit, let document = try? reader.document() {
                switch document {
                case .value(let node):
                    documentCount += 1
                    body(node)
                case .empty: documentCount += 1
                case .none: break
                }
                start = reader.index
                line = reader.line
                composer.nodeCount = reader.nodeCount
            }
        }
    }

    /// Has libyaml read the document at `start` alone, so that those behind it can be plain again.
    ///
    /// Whether it succeeded. If not, nothing happened: what is wrong may have to do with what follows, and so libyaml has
    /// to see that too.
    mutating func readAlone(upTo end: Int, _ body: (Node) -> Void) -> Bool {
        let next = scan { $0.documentStart(from: $0.nextLine(after: start)) }
        guard next < end else { return false }
        let before = self
        var documents: [Node] = []
        var documentLine: Int?
        composer.firstLine = line
        do throws(YAMLProblem) {
            try pass(upTo: next, documentLine: &documentLine) { documents.append($0) }
        } catch {
            self = before
            return false
        }
        advance(to: next)
        documents.forEach(body)
        return true
    }
}
