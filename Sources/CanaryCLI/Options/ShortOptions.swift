// SPDX-License-Identifier: Apache-2.0

/// Short options as kubectl's users write them: the value attached (`-ojson`, `-nshop`, `-o=json`), flags together and
/// in front (`-Aw`, `-Rf dir`). The parser knows only some of this, and not for every place of an option.
enum ShortOptions {
    private static let withValue: Set<Character> = ["f", "H", "l", "n", "o", "t", "X"]
    private static let flags: Set<Character> = ["A", "h", "R", "v", "w"]

    /// The words with each short option, and its value, by itself. What stands behind `--` stays.
    static func expanding(_ words: [String]) -> [String] {
        let end = words.firstIndex(of: "--") ?? words.endIndex
        return words[..<end].flatMap { expanded($0) ?? [$0] } + words[end...]
    }

    /// `nil` where a word is no group of short options.
    private static func expanded(_ word: String) -> [String]? {
        guard word.hasPrefix("-"), !word.hasPrefix("--"), word.count > 2 else { return nil }
        var options: [String] = []
        var rest = word.dropFirst()
        while let letter = rest.popFirst() {
            options.append("-\(letter)")
            if withValue.contains(letter) {
                guard !rest.isEmpty else { return options }
                return options + [String(rest.first == "=" ? rest.dropFirst() : rest)]
            }
            guard flags.contains(letter) else { return nil }
        }
        return options
    }
}
