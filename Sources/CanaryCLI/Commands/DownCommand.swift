// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryModel
import CanaryStore
import Glibc

/// Drains and stops the store's proxies.
struct DownCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "Drain and stop the proxies of the store"
    )

    @Option(help: ArgumentHelp("How long to wait for them", valueName: "time"))
    var timeout = TimeSpan(.seconds(60))

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let proxies = try ClusterSession(settings: settings, context: context).runtime.liveProxies()
        guard !proxies.isEmpty else {
            context.standardError.writeLine("No proxy is running.")
            return .success
        }
        var asked: [ProxyRecord] = []
        for proxy in proxies {
            context.note("asking proxy \(proxy.process.pid) to drain and stop")
            if kill(proxy.process.pid, SIGTERM) == 0 {
                asked.append(proxy)
            } else if proxy.process.isRunning {
                throw CommandError("cannot stop proxy \(proxy.process.pid): \(SystemCallError(errno).reason)")
            }
        }
        return wait(for: asked, context)
    }

    private func wait(for proxies: [ProxyRecord], _ context: CommandContext) -> ExitStatus {
        let patience = Patience(timeout.duration)
        for proxy in proxies {
            guard patience.wait(until: { !proxy.process.isRunning }) else {
                context.standardError.writeLine(
                    "error: proxy \(proxy.process.pid) still serves requests after \(timeout.defaultValueDescription)"
                )
                return .timedOut
            }
            context.standardOutput.writeLine("proxy stopped, pid \(proxy.process.pid)")
        }
        return .success
    }
}
