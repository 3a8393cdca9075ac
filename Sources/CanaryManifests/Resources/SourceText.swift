// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRules

/// Finds what the texts of a run say word for word. Each thread has its own.
final class SourceText: WrittenText {
    private let sources: [ManifestSource]
    /// Of the file that was asked for last.
    private var latest: (file: String, lines: ManifestLines)?

    /// Longer than any number.
    private static let reach = 100

    init(_ sources: [ManifestSource]) {
        self.sources = sources
    }

    func scalar(at position: Position, in file: String) -> String? {
        if latest?.file != file {
            latest = sources.first { $0.name == file }.map { (file, ManifestLines($0)) }
        }
        guard position.isKnown, let text = latest?.lines.line(around: position, reach: Self.reach).after
        else {
            return nil
        }
        let scalar = text.utf8.prefix { Self.isInScalar($0) }
        return scalar.isEmpty || scalar.count >= Self.reach ? nil : String(Substring(scalar))
    }

    /// What numbers, booleans and the like are made of.
    private static func isInScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: ":"):
            true
        default: false
        }
    }
}
