// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import ArgumentParser
import CanaryNode
import CanaryStore
import Glibc

/// From the words of a command line to an exit status; the only place that prints an error.
package enum CommandLineRunner {
    /// Runs one command. `arguments` lacks the program's name.
    package static func run(_ arguments: [String], in context: CommandContext) -> ExitStatus {
        if arguments.first == Supervisor.word { exit(Supervisor.run(arguments.dropFirst())) }
        var context = context
        context.arguments = arguments
        let status: ExitStatus
        if Completion.isAsked(by: arguments) {
            Completion.answer(arguments, in: context)
            status = .success
        } else {
            status = told(context.lateErrors, after: outcome(of: arguments, in: context), in: context)
        }
        context.standardOutput.flush()
        context.standardError.flush()
        guard let number = context.standardOutput.failure else { return status }
        context.standardError.writeLine(
            "error: cannot write to standard output: \(SystemCallError(number).reason)"
        )
        context.standardError.writeLine("hint: \(SystemCallError(number).remedy)")
        context.standardError.flush()
        return status == .success ? .failure : status
    }

    private static func run(_ subcommand: any Subcommand, in context: CommandContext) throws -> ExitStatus {
        var context = context
        context.isVerbose = subcommand.global.verbose
        return try subcommand.run(in: context)
    }

    private static func outcome(of given: [String], in context: CommandContext) -> ExitStatus {
        let arguments = CommandPath.movingOutput(
            ShortOptions.expanding(TakeOverSource.expanding(ChangeOptions.expandingWait(given)))
        )
        do {
            if let error = ChangeOptions.strayTime(in: given) { throw error }
            if let subcommand = CommandPath.parsed(arguments) { return try run(subcommand, in: context) }
            if let unknown = CommandPath.unknownCommand(in: arguments) { throw unknown }
            var command = try CanaryCtl.parseAsRoot(arguments)
            if let subcommand = command as? any Subcommand { return try run(subcommand, in: context) }
            // A group without its verb, or the parser's own help: they throw the text to print.
            try command.run()
            return .success
        } catch let error as CommandError {
            return report(error, context)
        } catch let error as StoreError {
            return report(CommandError(error), context)
        } catch {
            return report(parserError: error, arguments, context)
        }
    }

    /// The status where something could not be read: a failure, unless there is a worse one.
    private static func told(_ late: LateErrors, after status: ExitStatus, in context: CommandContext)
        -> ExitStatus
    {
        guard let error = CommandError.joined(late.all) else { return status }
        context.report(error)
        return status == .success ? .failure : status
    }

    private static func report(_ error: CommandError, _ context: CommandContext) -> ExitStatus {
        context.report(error)
        return error.status
    }

    private static func report(
        parserError error: any Error,
        _ arguments: [String],
        _ context: CommandContext
    ) -> ExitStatus {
        guard CanaryCtl.exitCode(for: error).rawValue != 0 else {
            let stream = context.standardOutput
            stream.writeLine(CanaryCtl.fullMessage(for: error, columns: stream.helpColumns))
            return .success
        }
        guard CanaryCtl.exitCode(for: error) == .validationFailure else {
            return report(
                CommandError(
                    "this is a bug in canaryctl \(Version.text): \(error)",
                    hint: "please report it with the command line and the manifests",
                    status: .bug
                ),
                context
            )
        }
        let command = CommandPath.of(arguments).joined(separator: " ")
        return report(ParserMessage(CanaryCtl.message(for: error), of: arguments).error(of: command), context)
    }
}

extension CommandError {
    init(_ error: StoreError) {
        self.init(error.message, hint: error.hint, status: error.isTransient ? .temporary : .failure)
    }
}
