// SPDX-License-Identifier: Apache-2.0

/// Reads an answer of HTTP/1 as it comes, in pieces of any size, and keeps no more of it than is wanted.
struct HTTPAnswerReader {
    private enum Framing {
        case head, length(Int), untilEnd, chunkSize, chunk(Int), chunkEnd, trailer, done
    }

    private static let mostHeadBytes = 1 << 16
    /// A size in hexadecimal digits, with what may follow it.
    private static let mostLineBytes = 4096

    private let limit: Int
    private var framing = Framing.head
    /// Not understood yet.
    private var rest: ArraySlice<UInt8> = []
    private var answer = HTTPAnswer(status: 0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Returns the answer once it is whole.
    mutating func take(_ bytes: some Sequence<UInt8>) throws(HTTPFailure) -> HTTPAnswer? {
        rest += bytes
        while try advance() {}
        if case .done = framing { return answer }
        return nil
    }

    /// The other side has ended the connection.
    func end() throws(HTTPFailure) -> HTTPAnswer {
        if case .untilEnd = framing { return answer }
        throw HTTPFailure("the connection was closed before the answer's end")
    }

    /// Whether there is more to be understood.
    private mutating func advance() throws(HTTPFailure) -> Bool {
        switch framing {
        case .head: return try readHead()
        case .length(let left): return try copy(left) { $0 == 0 ? .done : .length($0) }
        case .untilEnd: return try copy(.max) { _ in .untilEnd }
        case .chunk(let left): return try copy(left) { $0 == 0 ? .chunkEnd : .chunk($0) }
        case .chunkSize:
            guard let line = try takeLine() else { return false }
            let digits = line.prefix { $0 != ";" && $0 != " " }
            guard let size = Int(digits, radix: 16), size >= 0 else { throw Self.nonsense }
            framing = size == 0 ? .trailer : .chunk(size)
        case .chunkEnd:
            guard let line = try takeLine() else { return false }
            guard line.isEmpty else { throw Self.nonsense }
            framing = .chunkSize
        case .trailer:
            guard let line = try takeLine() else { return false }
            if line.isEmpty { framing = .done }
        case .done: return false
        }
        return true
    }

    private static var nonsense: HTTPFailure { HTTPFailure("the answer is not HTTP") }

    private mutating func copy(_ left: Int, _ next: (Int) -> Framing) throws(HTTPFailure) -> Bool {
        let part = rest.prefix(left)
        guard answer.body.count + part.count <= limit else {
            throw HTTPFailure("the answer is longer than \(limit) bytes")
        }
        answer.body += part
        rest = rest.dropFirst(part.count)
        framing = next(left == .max ? left : left - part.count)
        return !rest.isEmpty || left == part.count
    }

    /// The next line, without its end; `nil` where it has not come yet.
    private mutating func takeLine() throws(HTTPFailure) -> String? {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
            guard rest.count <= Self.mostLineBytes else { throw Self.nonsense }
            return nil
        }
        var line = rest[..<end]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        rest = rest[(end + 1)...]
        return String(decoding: line, as: UTF8.self)
    }

    private mutating func readHead() throws(HTTPFailure) -> Bool {
        let beginning = Array("HTTP/1.".utf8)
        guard rest.prefix(beginning.count).elementsEqual(beginning.prefix(rest.count)) else {
            throw Self.nonsense
        }
        guard let end = headEnd else {
            guard rest.count <= Self.mostHeadBytes else { throw HTTPFailure("the answer's head is too long") }
            return false
        }
        let lines = String(decoding: rest[..<end], as: UTF8.self).split(whereSeparator: \.isNewline)
        rest = rest[end...]
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count > 1, words[1].utf8.count == 3, let status = Int(words[1]), status >= 100 else {
            throw Self.nonsense
        }
        // What comes before the answer itself.
        guard status >= 200 else { return true }
        answer.status = status
        framing = try status == 204 || status == 304 ? .done : Self.framing(lines.dropFirst())
        return true
    }

    /// Behind the empty line.
    private var headEnd: Int? {
        var lineStart = rest.startIndex
        while let end = rest[lineStart...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest[lineStart..<end]
            if line.isEmpty || line.elementsEqual([UInt8(ascii: "\r")]) { return end + 1 }
            lineStart = end + 1
        }
        return nil
    }

    private static func framing(_ fields: ArraySlice<Substring>) throws(HTTPFailure) -> Framing {
        var framing = Framing.untilEnd
        for field in fields {
            guard let colon = field.firstIndex(of: ":") else { throw nonsense }
            let value = field[field.index(after: colon)...].filter { $0 != " " && $0 != "\t" }
            switch field[..<colon].lowercased() {
            case "transfer-encoding" where value.lowercased() == "chunked": return .chunkSize
            case "transfer-encoding": throw HTTPFailure("the answer is encoded as \(value)")
            case "content-length":
                guard let length = Int(value), length >= 0 else { throw nonsense }
                framing = length == 0 ? .done : .length(length)
            default: break
            }
        }
        return framing
    }
}
