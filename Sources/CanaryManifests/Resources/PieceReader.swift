// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryResources
import CanaryRules
import Synchronization

/// Reads and checks a large input on several threads, cut into pieces before `---` lines.
///
/// Such a line begins a document wherever it stands, so the pieces of a good text are good, and hold the same documents
/// at the same places as the whole. The result counts only if none of them has a fault of syntax and all together keep to
/// the limits; otherwise it is thrown away, and the caller reads everything in one go.
final class PieceReader: Sendable {
    private struct Piece {
        var source: Int
        var range: Range<Int>
        /// The line of the file, from 0, at which it begins.
        var line: Int
    }

    private struct Yield {
        var resources: [Resource] = []
        /// Of the objects' headers, and of the rules.
        var diagnostics: [Diagnostic] = []
        var skipped = SkippedKinds()
        var skippedWorkloads: [Resource] = []
        var headerFindings = 0
        var documents = 0
        var nodes = 0
        var aliasBytes = 0
    }

    private struct Progress {
        var next = 0
        var yields: [Yield?]
        var isAbandoned = false
    }

    private let reader: ManifestReader
    private let sources: [ManifestSource]
    private let pieces: [Piece]
    private let workers: Int
    private let progress: Mutex<Progress>

    /// An input of fewer pieces is read sooner than threads are started.
    private static let fewestPieces = 4

    /// `nil` where several threads are of no use, or of no help: texts that begin with `{` may be one JSON value.
    init?(_ reader: ManifestReader, _ sources: [ManifestSource], workers: Int, pieceBytes: Int) {
        let bytes = sources.reduce(0) { $0 + $1.bytes.count }
        guard workers > 1, bytes / pieceBytes >= Self.fewestPieces, bytes <= reader.limits.bytes
        else { return nil }
        var pieces: [Piece] = []
        for (index, source) in sources.enumerated() {
            guard let ranges = Self.cut(source.bytes, pieceBytes) else { return nil }
            pieces += ranges.map { Piece(source: index, range: $0.range, line: $0.line) }
        }
        self.reader = reader
        self.sources = sources
        self.pieces = pieces
        self.workers = min(workers, pieces.count)
        progress = Mutex(Progress(yields: Array(repeating: nil, count: pieces.count)))
    }

    private static func cut(_ bytes: [UInt8], _ pieceBytes: Int) -> [(range: Range<Int>, line: Int)]? {
        // Above ASCII it may be a byte order mark.
        guard let first = bytes.first(where: { $0 > 0x20 }) else { return [] }
        guard first < 0x80, first != UInt8(ascii: "{") else { return nil }
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            let scan = unsafe TextScan(buffer)
            var pieces: [(range: Range<Int>, line: Int)] = []
            var start = 0
            var line = 0
            while start < buffer.count {
                let least = min(start + pieceBytes, buffer.count)
                let end = scan.documentStart(from: scan.nextLine(after: least))
                pieces.append((start..<end, line))
                if end < buffer.count { line += scan.lines(from: start, to: end) }
                start = end
            }
            return pieces
        }
    }

    /// What all pieces give together, `nil` if it may be wrong.
    func read() -> ManifestSet? {
        let threads = (1..<max(workers, 1)).compactMap { _ in Thread(name: "manifests", work) }
        work()
        for thread in threads { thread.join() }
        let yields = progress.withLock { $0.isAbandoned ? [] : $0.yields.compactMap(\.self) }
        guard yields.count == pieces.count, keepsLimits(yields) else { return nil }
        var set = ManifestSet()
        let count = yields.reduce(0) { $0 + $1.resources.count }
        set.resources.reserveCapacity(count)
        var register = ObjectRegister(expecting: count)
        var skipped = SkippedKinds()
        for yield in yields {
            for resource in yield.resources {
                if let finding = register.add(resource) { set.diagnostics.append(finding) }
                set.resources.append(resource)
            }
            set.diagnostics += yield.diagnostics
            set.skippedWorkloads += yield.skippedWorkloads
            skipped.add(yield.skipped)
        }
        set.diagnostics += skipped.findings
        return set
    }

    private func keepsLimits(_ yields: [Yield]) -> Bool {
        let limits = reader.limits
        return yields.reduce(0) { $0 + $1.documents } <= limits.documents
            && yields.reduce(0) { $0 + $1.headerFindings } <= limits.findings
            && yields.reduce(0) { $0 + $1.resources.count } <= limits.documents
            && yields.reduce(0) { $0 + $1.nodes } <= limits.nodes
            && yields.reduce(0) { $0 + $1.aliasBytes } <= limits.aliasBytes
    }

    /// Reads one piece after the other until none is left.
    private func work() {
        let checker = ObjectChecker(text: SourceText(sources))
        while let index = nextPiece() {
            let yield = read(pieces[index], checker)
            progress.withLock { progress in
                progress.yields[index] = yield
                if yield == nil { progress.isAbandoned = true }
            }
        }
    }

    private func nextPiece() -> Int? {
        progress.withLock { progress in
            guard !progress.isAbandoned, progress.next < pieces.count else { return nil }
            defer { progress.next += 1 }
            return progress.next
        }
    }

    private func read(_ piece: Piece, _ checker: ObjectChecker) -> Yield? {
        let source = sources[piece.source]
        var parser = YAMLParser(limits: reader.limits)
        var builder = reader.builder(for: source.name, objectLimit: reader.limits.documents)
        var yield = Yield()
        let text = Array(source.bytes[piece.range])
        let faults = parser.read(text, source.name, firstLine: piece.line) { document in
            builder.add(document) { resource in
                yield.diagnostics += checker.check(resource)
                yield.resources.append(resource)
            }
        }
        guard faults.isEmpty else { return nil }
        yield.diagnostics += builder.diagnostics
        yield.headerFindings = builder.diagnostics.count
        yield.skipped = builder.skipped
        yield.skippedWorkloads = builder.skippedWorkloads
        yield.documents = parser.documentCount
        yield.nodes = parser.nodeCount
        yield.aliasBytes = parser.aliasBytes
        return yield
    }
}
