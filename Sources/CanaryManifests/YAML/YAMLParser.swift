// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Reads YAML and JSON text into values with positions.
///
/// Text that begins with `{` is read as JSON, several objects in a row as kubectl does; where that fails it is read as
/// YAML in flow style. UTF-8, and UTF-16 with a byte order mark. Empty documents, and documents of comments, are left
/// out. ``ScalarResolver`` says what plain scalars mean and ``Composer`` how merge keys work. The limits hold for all
/// texts that one parser reads.
package struct YAMLParser {
    private let limits: ManifestLimits
    private var byteCount = 0
    private(set) var documentCount = 0
    private(set) var nodeCount = 0
    private(set) var aliasBytes = 0

    package init(limits: ManifestLimits = .default) {
        self.limits = limits
    }

    /// All documents of a text, as far as they can be read, and what is wrong with it.
    package mutating func parse(_ source: ManifestSource) -> (documents: [Node], diagnostics: [Diagnostic]) {
        var documents: [Node] = []
        let diagnostics = parse(source) { documents.append($0) }
        return (documents, diagnostics)
    }

    /// Calls `body` with one document after the other, and returns what is wrong with the text.
    package mutating func parse(_ source: ManifestSource, _ body: (Node) -> Void) -> [Diagnostic] {
        byteCount += source.bytes.count
        guard byteCount <= limits.bytes, source.bytes.count <= Int(Int32.max) else {
            return [
                Diagnostic(
                    ManifestCodes.limit,
                    .error,
                    "the manifests hold more than \(limits.bytes) bytes",
                    hint: "read them in several runs",
                    file: source.name
                )
            ]
        }
        switch ByteOrder.utf8(source.bytes) {
        case .success(let text): return read(text, source.name, body)
        case .failure(let fault):
            let place = unsafe fault.before.withUnsafeBufferPointer { buffer in
                let scan = unsafe TextScan(buffer)
                let lines = scan.lines(from: 0, to: buffer.count)
                let column = scan.column(of: buffer.count, onLineAt: scan.line(lines, after: 0))
                return Position(line: UInt32(clamping: lines + 1), column: UInt32(clamping: column + 1))
            }
            return [
                Diagnostic(
                    ManifestCodes.encoding,
                    .error,
                    "the text is not UTF-16, as its byte order mark says",
                    hint: "save the file as UTF-8",
                    file: source.name,
                    position: place
                )
            ]
        }
    }

    /// Reads UTF-8 without a byte order mark; `firstLine` is the line of the file, from 0, that it begins with.
    mutating func read(
        _ text: [UInt8],
        _ file: String,
        firstLine: Int = 0,
        _ body: (Node) -> Void
    ) -> [Diagnostic] {
        var failure: JSONError?
        if text.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") {
            switch readJSON(text, file) {
            case .success(let (documents, diagnostics)):
                documents.forEach(body)
                return diagnostics
            case .failure(let error): failure = error
            }
        }
        let composer = Composer(file: file, limits: limits, nodeCount: nodeCount, aliasBytes: aliasBytes)
        var reader = DocumentReader(
            // As kubectl reads the last line, also one in a block scalar.
            text: text.last.map { $0 == UInt8(ascii: "\n") } ?? true ? text : text + [UInt8(ascii: "\n")],
            firstLine: firstLine,
            composer: composer,
            documentLimit: limits.documents - documentCount
        )
        reader.read(body)
        nodeCount = reader.nodeCount
        aliasBytes = reader.aliasBytes
        documentCount += reader.documentCount
        if let failure, failure.reason == .syntax, looksLikeJSON(text),
            reader.diagnostics.contains(where: { $0.code == ManifestCodes.syntax })
        {
            return [
                Diagnostic(
                    ManifestCodes.syntax,
                    .error,
                    "this is not JSON: \(failure.message)",
                    file: file,
                    position: failure.position
                )
            ]
        }
        return reader.diagnostics
    }

    /// Whether people who wrote this meant JSON, and not YAML in flow style or in a document behind.
    private func looksLikeJSON(_ text: [UInt8]) -> Bool {
        let start = text.drop { $0 <= 0x20 }.dropFirst().drop { $0 <= 0x20 }
        guard start.first == UInt8(ascii: "\"") || start.first == UInt8(ascii: "}") else { return false }
        return unsafe text.withUnsafeBufferPointer { unsafe TextScan($0).documentStart(from: 0) }
            == text.count
    }

    private mutating func readJSON(
        _ text: [UInt8],
        _ file: String
    ) -> Result<(documents: [Node], diagnostics: [Diagnostic]), JSONError> {
        unsafe text.withUnsafeBufferPointer { bytes in
            var reader = unsafe JSONReader(
                bytes,
                locates: true,
                depthLimit: limits.depth,
                nodeLimit: limits.nodes - nodeCount
            )
            var documents: [Node] = []
            do throws(JSONError) {
                while let document = try reader.next() { documents.append(document) }
            } catch {
                return .failure(error)
            }
            guard documentCount + documents.count <= limits.documents else {
                let message = "there are more than \(limits.documents) documents"
                return .failure(JSONError(reason: .size, message: message, position: .unknown))
            }
            nodeCount += reader.nodeCount
            documentCount += documents.count
            let diagnostics = reader.duplicates.prefix(limits.findings).map { duplicate in
                Diagnostic.duplicateKey(duplicate.key, first: duplicate.first, again: duplicate.again, file)
            }
            return .success((documents, diagnostics))
        }
    }
}

extension Diagnostic {
    fileprivate static func duplicateKey(
        _ key: String,
        first: Position,
        again: Position,
        _ file: String
    ) -> Diagnostic {
        Diagnostic(
            ManifestCodes.duplicateKey,
            .error,
            "the key \"\(key)\" is already in this mapping, at line \(first.line), column \(first.column)",
            hint: "keep one of the two",
            file: file,
            position: again
        )
    }
}
