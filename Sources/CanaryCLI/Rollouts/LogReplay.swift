// SPDX-License-Identifier: Apache-2.0

import CanaryJudge
import CanarySystem

/// An access log, put before the judge and the others' rules.
struct LogReplay {
    let file: String
    private(set) var reader: AccessLogReader
    private(set) var traffic: LoggedTraffic
    private(set) var simulation: LogSimulation

    init(_ file: String, reader: AccessLogReader, share: Share?, rules: JudgeRules, canary: String) {
        self.file = file
        self.reader = reader
        traffic = LoggedTraffic(share: share)
        simulation = LogSimulation(rules, canary: canary)
    }

    /// The file's name in messages.
    var name: String { file == "-" ? "<stdin>" : file }

    mutating func run(in context: CommandContext) throws {
        var isCompressed = false
        var isFirst = true
        let failure = Self.read(file, context) { piece in
            if isFirst { isCompressed = Self.isCompressed(piece) }
            isFirst = false
            guard !isCompressed else { return false }
            take(piece)
            return true
        }
        if let failure { throw CommandError("cannot read \(name)", because: failure) }
        if isCompressed {
            throw CommandError(
                "cannot read \(name): it is compressed",
                hint: "zcat or zstdcat FILE | canaryctl rollout simulate --log - …"
            )
        }
        finish()
    }

    private mutating func take(_ piece: [UInt8]) {
        reader.read(piece) { request in
            traffic.add(request) { simulation.second($0, share: $1) }
        }
    }

    private mutating func finish() {
        reader.finish { request in
            traffic.add(request) { simulation.second($0, share: $1) }
        }
        traffic.finish { simulation.second($0, share: $1) }
    }

    /// gzip, zstd, xz, bzip2.
    private static func isCompressed(_ piece: [UInt8]) -> Bool {
        [[0x1F, 0x8B], [0x28, 0xB5, 0x2F, 0xFD], [0xFD, 0x37, 0x7A], [0x42, 0x5A, 0x68]].contains {
            piece.starts(with: $0)
        }
    }

    private static func read(_ file: String, _ context: CommandContext, _ use: ([UInt8]) -> Bool)
        -> SystemCallError?
    {
        guard file == "-" else { return FileReader.read(path: context.absolutePath(file), use: use) }
        if let read = context.readStandardInputInPieces { return read(use) }
        switch context.readStandardInput() {
        case .success(let bytes):
            _ = use(bytes)
            return nil
        case .failure(let error): return error
        }
    }

    /// Tells the first faults, a line each, and how many there were.
    func tellFaults(in context: CommandContext) {
        for fault in reader.faults {
            let place = TerminalText.message("\(name):\(fault.line)")
            context.standardError.writeLine("\(place): warning: \(fault.fault)")
        }
        var warnings: [String] = []
        let more = reader.faultCount - reader.faults.count
        if more > 0 { warnings.append("\(more) more lines of \(name) cannot be used") }
        if traffic.leaps > 0 {
            warnings.append(
                "\(name) leaps \(traffic.leaps) times: it has nothing for more than an hour, or goes back by more than a minute"
            )
        }
        context.warn(warnings)
    }
}
