// SPDX-License-Identifier: Apache-2.0

package import CanarySystem
import CLinux
import CanaryStore
import Glibc

/// Everything that a command knows of the world: streams, environment, clock. Tests make their own.
package struct CommandContext {
    package var standardOutput: OutputStream
    package var standardError: OutputStream
    /// Reads all of standard input, or says with an error number why not.
    package var readStandardInput: () -> Result<[UInt8], SystemCallError>
    /// Reads standard input in pieces, as ``FileReader/read(descriptor:use:)`` does; `nil` where it can only be read as a whole.
    package var readStandardInputInPieces: ((([UInt8]) -> Bool) -> SystemCallError?)?
    package var standardInputIsTerminal: Bool
    package var environment: [String: String]
    package var workingDirectory: String
    /// Whether the working directory was deleted: then no relative path leads anywhere.
    package var workingDirectoryIsGone = false
    /// Milliseconds since 1970, UTC.
    package var now: @Sendable () -> Int64
    /// Who is recorded as the author of changes; asked only then, as the answer may take a look into a user database.
    package var userName: @Sendable () -> String
    /// The program itself and the words of its command line, for `proxy --detach`.
    package var executable: String
    package var arguments: [String] = []
    /// Whether `-v` asks to be told what is being done.
    package var isVerbose = false
    /// What stood in the way of a whole answer.
    let lateErrors = LateErrors()
    /// Makes the `metadata.uid` of a new object.
    package var newUID: @Sendable () -> String = StoreContext.system.newUID

    package init(
        standardOutput: OutputStream,
        standardError: OutputStream,
        readStandardInput: @escaping () -> Result<[UInt8], SystemCallError>,
        standardInputIsTerminal: Bool,
        environment: [String: String],
        workingDirectory: String,
        now: @escaping @Sendable () -> Int64,
        userName: @escaping @Sendable () -> String,
        executable: String
    ) {
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.readStandardInput = readStandardInput
        self.standardInputIsTerminal = standardInputIsTerminal
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.now = now
        self.userName = userName
        self.executable = executable
    }

    /// An environment variable; an empty one counts as unset.
    package func variable(_ name: String) -> String? {
        Surroundings(self).variable(name)
    }

    /// Whether a person may see what is printed.
    package var hasTerminal: Bool { standardOutput.isTerminal || standardError.isTerminal }

    /// A path as the user gave it, made absolute.
    package func absolutePath(_ path: String) -> String {
        Surroundings(self).absolutePath(path)
    }
}

// MARK: - Telling people

extension CommandContext {
    /// With `-v`, says on standard error what is being done.
    func note(_ text: @autoclosure () -> String) {
        guard isVerbose else { return }
        standardError.writeLine("note: \(TerminalText.message(text()))")
    }

    /// Writes warnings, a line each.
    func warn(_ warnings: [String]) {
        for warning in warnings { standardError.writeLine("warning: \(TerminalText.message(warning))") }
    }

    /// Writes an error, its hint, and what else went wrong; what was written before stays before it.
    func report(_ error: CommandError) {
        standardOutput.flush()
        if !error.message.isEmpty {
            standardError.writeLine("error: \(TerminalText.message(error.message))")
            if let hint = error.hint { standardError.writeLine("hint: \(TerminalText.message(hint))") }
        }
        error.others.forEach(report)
    }
}

// MARK: - The real world

extension CommandContext {
    /// The context of this process, read once at the start.
    package static func process() -> CommandContext {
        let environment = CurrentProcess.environment
        let columns = environment["COLUMNS"].flatMap { Int($0) }
        var context = CommandContext(
            standardOutput: .descriptor(STDOUT_FILENO, columns: columns ?? terminalColumns(STDOUT_FILENO)),
            standardError: .descriptor(STDERR_FILENO, columns: columns ?? terminalColumns(STDERR_FILENO)),
            readStandardInput: { FileReader.readAll(descriptor: STDIN_FILENO) },
            standardInputIsTerminal: isatty(STDIN_FILENO) == 1,
            environment: environment,
            workingDirectory: CurrentProcess.workingDirectory ?? ".",
            now: Clock.wallMilliseconds,
            userName: { userName(environment) },
            executable: CurrentProcess.executable ?? CommandLine.arguments[0]
        )
        context.readStandardInputInPieces = { FileReader.read(descriptor: STDIN_FILENO, use: $0) }
        var status = stat()
        context.workingDirectoryIsGone = unsafe stat(".", &status) == 0 && status.st_nlink == 0
        return context
    }

    private static func userName(_ environment: [String: String]) -> String {
        if let user = environment["SUDO_USER"] ?? environment["USER"] ?? environment["LOGNAME"], !user.isEmpty
        {
            return user
        }
        if let entry = unsafe getpwuid(getuid()), let name = unsafe entry.pointee.pw_name {
            return unsafe String(cString: name)
        }
        return "uid \(getuid())"
    }

    private static func terminalColumns(_ descriptor: Int32) -> Int? {
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}
