// SPDX-License-Identifier: Apache-2.0

/// What a supervisor knows of the container that podman or docker makes of an image for it.
struct ToolState {
    /// The tool's commands; their numbers are those of commands that no node asked for.
    enum Step: Int {
        case create = -1
        /// To see whether it runs, and what its first process is.
        case look = -2
        case signal = -3
        /// To see what came of it.
        case settle = -4
        case remove = -5
        case findImage = -6
    }

    /// A tool's answer to `inspect`.
    struct Sight {
        /// 0 where it does not run.
        var pid: Int32
        var exitCode: Int32
        var wasOutOfMemory: Bool
        var wasStarted: Bool
        /// A number or a name.
        var stopSignal: String
    }

    /// How often a container that begins is looked at.
    static let lookMilliseconds: Int64 = 100

    let image: SupervisedContainer.OfImage
    let tool: String
    var isStarted = false
    /// Why the tool did not make it.
    var refusal: String?
    var stopSignal = ""
    /// Of the monotonic clock; `nil` while nothing is to be looked at.
    var nextLook: Int64?
    var watch: MemoryWatch
    /// The answers to what was asked of the tool and waited for.
    var answers: [Step: (end: ProcessEnd?, text: String)] = [:]
    /// What was written before it had begun: the tool's own words, if it never does.
    private(set) var firstOutput: [UInt8] = []

    /// - Parameter directory: where the tool is started.
    init(_ image: SupervisedContainer.OfImage, tool: String, directory: String?) {
        watch = MemoryWatch(directory)
        self.image = image
        self.tool = tool
    }

    mutating func take(_ output: ArraySlice<UInt8>) {
        if !isStarted { firstOutput += output.prefix(max(0, 4096 - firstOutput.count)) }
    }

    // MARK: - Words

    var attachment: [String] { [tool, "start", "--attach", "--sig-proxy=false", image.name] }
    var removal: [String] { Self.removal(of: [image.name], tool: tool) }
    var imageInspection: [String] { [tool, "image", "inspect", "--format", "found", image.image] }

    /// Containers are made with a time to stop of 0, so that this kills.
    static func removal(of names: [String], tool: String) -> [String] { [tool, "rm", "--force"] + names }

    func signal(_ number: Int32) -> [String] {
        [tool, "kill", "--signal", stopSignal.isEmpty ? "\(number)" : stopSignal, image.name]
    }

    /// - Parameter mark: by which what the tool starts is found if it takes too long.
    func execution(of command: [String], mark: String) -> [String] {
        [tool, "exec", "--env", mark, image.name] + command
    }

    private static let sightWord = "canaryctl"

    var inspection: [String] {
        let fields = [
            ".State.Pid", ".State.ExitCode", ".State.OOMKilled", ".State.StartedAt", ".Config.StopSignal",
        ]
        let format = ([Self.sightWord] + fields.map { "{{\($0)}}" }).joined(separator: "|")
        return [tool, "container", "inspect", "--format", format, image.name]
    }

    /// `nil` where the tool said something else, as it does of a container that is not there.
    static func sight(_ text: String) -> Sight? {
        for line in text.split(whereSeparator: \.isNewline) {
            let fields = line.split(separator: "|", omittingEmptySubsequences: false)
            guard fields.count == 6, fields[0] == sightWord, let pid = Int32(fields[1]),
                let code = Int32(fields[2])
            else { continue }
            return Sight(
                pid: pid,
                exitCode: code,
                wasOutOfMemory: fields[3] == "true",
                // Go's zero time.
                wasStarted: !fields[4].hasPrefix("0001-"),
                stopSignal: fields[5].hasPrefix("<") ? "" : String(fields[5])
            )
        }
        return nil
    }

    /// The last line of what a tool wrote, which has the reason.
    static func reason(in text: String) -> String {
        let line =
            text.split(whereSeparator: \.isNewline).last { $0.contains { $0 != " " } } ?? "it said nothing"
        return String(line.hasPrefix("Error: ") ? line.dropFirst(7) : line)
    }
}
