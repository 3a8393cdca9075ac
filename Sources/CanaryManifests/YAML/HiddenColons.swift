// SPDX-License-Identifier: Apache-2.0

import CLibYAML

/// Colons that are hidden from libyaml in one document: it takes no colon before a bracket, brace or comma for a part of a plain
/// scalar, as in `[2001:db8::]`, which kubectl reads.
///
/// Another character that the document does not have stands for them, so that all places stay where they are; whoever reads the
/// scalars puts the colons back.
struct HiddenColons {
    let standIn: UInt8
    /// The lines of the document, counted as libyaml does in its run over it.
    private let lines: Range<Int>

    /// What may stand inside of a plain scalar without a meaning.
    private static let candidates = Array("~^;$()=+%@!&*|<>_\\`".utf8)

    /// Hides colons of a document: the one at `place`, and others like it. `nil` where no character is free.
    init?(
        at place: Int,
        in document: Range<Int>,
        lines: Range<Int>,
        of text: inout [UInt8],
        with standIn: UInt8?
    ) {
        let free = standIn ?? Self.candidates.first { !text[document].contains($0) }
        guard let free, document.contains(place), text[place] == UInt8(ascii: ":") else { return nil }
        self.standIn = free
        self.lines = lines
        text[place] = free
        for index in document.dropFirst().dropLast() where Self.isInScalar(index, text) { text[index] = free }
    }

    /// Whether a colon stands before the end of a plain scalar. Where it is a part of something else, it is put back too.
    private static func isInScalar(_ index: Int, _ text: [UInt8]) -> Bool {
        guard text[index] == UInt8(ascii: ":"), text[index + 1].isFlowIndicator else { return false }
        let before = text[index - 1]
        return before > 0x20 && !before.isFlowIndicator && before != UInt8(ascii: "\"")
            && before != UInt8(ascii: "'")
    }

    /// Puts the colons of a scalar back, in libyaml's own memory of it.
    func putBack(_ event: borrowing yaml_event_t) {
        guard unsafe lines.contains(Int(event.start_mark.line)) else { return }
        let data = unsafe event.data.scalar
        let scalar = unsafe UnsafeMutableBufferPointer(start: data.value, count: data.length)
        for index in scalar.indices where unsafe scalar[index] == standIn {
            unsafe scalar[index] = UInt8(ascii: ":")
        }
    }
}

extension UInt8 {
    fileprivate var isFlowIndicator: Bool {
        switch self {
        case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"),
            UInt8(ascii: "?"):
            true
        default: false
        }
    }
}
