// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import ArgumentParser
import CanaryProxy
import CanaryResources
import CanaryStore
import Glibc

/// Drains and stops the store's proxies.
struct DownCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "Drain and stop the node and the proxies of the store"
    )

    @Option(help: ArgumentHelp("How long to wait for them", valueName: "time"))
    var timeout = TimeSpan(.seconds(60))

    @OptionGroup(title: "Output") var output: ReportOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let session = ClusterSession(settings: settings, context: context)
        let processes = try running(session)
        let node = (try? session.runtime.liveNode())?.process
        guard !processes.isEmpty else {
            if output.output == .text {
                context.standardError.writeLine(
                    "No node and no proxy is running on the store \(session.location.directory)."
                )
            } else {
                print([], context)
            }
            return .success
        }
        var asked: [ProcessIdentity] = []
        for process in processes {
            context.note("asking \(process == node ? "node" : "proxy") \(process.pid) to drain and stop")
            let reason = kill(process.pid, SIGTERM) == 0 ? 0 : errno
            if reason == 0 {
                asked.append(process)
            } else if process.isRunning {
                throw Self.refusal(process.pid, SystemCallError(reason))
            }
        }
        return wait(for: asked, node: node, context)
    }

    /// Why a process cannot be signalled.
    static func refusal(_ pid: pid_t, _ error: SystemCallError) -> CommandError {
        let failure = "cannot stop proxy \(pid)"
        guard error.number == EPERM else { return CommandError(failure, because: error) }
        return CommandError(
            "\(failure): \(error.reason)",
            hint: "run it as the user whose proxy it is: ps -o user= -p \(pid) tells who that is"
        )
    }

    private func print(_ results: [(pid: pid_t, isStopped: Bool)], _ context: CommandContext) {
        let list = ObjectText.list(
            results.map { result in
                .mapping([
                    "apiVersion": .string("canaryctl.dev/v1alpha1"),
                    "kind": .string("ProxyStop"),
                    "pid": .integer(Int64(result.pid)),
                    "stopped": .bool(result.isStopped),
                ])
            }
        )
        context.standardOutput.write(ObjectText.text(list, as: output.output))
    }

    /// The proxies that reported, and those that could not, as their sockets tell.
    private func running(_ session: ClusterSession) throws -> [ProcessIdentity] {
        var processes: [ProcessIdentity] = []
        do throws(StoreError) {
            processes = try session.runtime.liveProxies().map(\.process)
        } catch {
            // A proxy has to be stopped above all where its store is damaged.
            if session.silentProxies(besides: []).isEmpty { throw error }
        }
        return processes + session.silentProxies(besides: processes)
    }

    /// - Parameter node: the one of them that runs pods.
    private func wait(for processes: [ProcessIdentity], node: ProcessIdentity?, _ context: CommandContext)
        -> ExitStatus
    {
        let patience = Patience(timeout.duration)
        var status = ExitStatus.success
        var results: [(pid: pid_t, isStopped: Bool)] = []
        for process in processes {
            guard patience.wait(until: { !process.isRunning }) else {
                context.standardError.writeLine(
                    "error: \(process == node ? "node" : "proxy") \(process.pid) still runs after \(timeout.defaultValueDescription)"
                )
                context.standardError.writeLine(
                    "hint: wait longer with --timeout, or end it at once with kill -9 \(process.pid)"
                )
                status = .timedOut
                results.append((process.pid, false))
                continue
            }
            results.append((process.pid, true))
            if output.output == .text {
                let name = process == node ? "node" : "proxy"
                context.standardOutput.writeLine("\(name) stopped, pid \(process.pid)")
            }
        }
        if output.output != .text { print(results, context) }
        return status
    }
}
