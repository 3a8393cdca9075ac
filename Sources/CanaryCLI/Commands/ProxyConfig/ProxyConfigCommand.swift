// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryProxy
import CanaryResources
import CanaryStore
import CanarySystem

/// What a running proxy serves, in istioctl's words.
struct ProxyConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy-config",
        abstract: "Show what a running proxy serves",
        discussion: Help.examples(
            ("By which routes requests go", "canaryctl proxy-config routes"),
            (
                "The endpoints of a version",
                "canaryctl proxy-config endpoints --fqdn reviews.default.svc.cluster.local --subset v2"
            ),
            ("Whose certificates are in use, until when", "canaryctl proxy-config secret"),
            ("Who is connected to the proxy with this process id", "canaryctl proxy-config connections 4711")
        ),
        subcommands: [
            ProxyListenersCommand.self, ProxyRoutesCommand.self, ProxyClustersCommand.self,
            ProxyEndpointsCommand.self, ProxyConnectionsCommand.self, ProxySecretCommand.self,
        ],
        aliases: ["pc"]
    )

    @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// Which proxy is asked.
struct ProxyArgument: ParsableArguments {
    @Argument(help: "The process id of the proxy, where several run")
    var pid: Int32?
}

/// A kind of what proxies serve.
protocol ProxyConfigSubcommand: Subcommand {
    /// The proxy's page, and the kind of its objects in JSON and YAML.
    static var page: String { get }
    static var kind: String { get }

    var proxy: ProxyArgument { get }
    var output: ReportOutputOptions { get }

    /// Whether an object is asked for.
    func accepts(_ item: Node) -> Bool

    func table(of items: [Node], now: Int64) -> Table

    /// What is to be looked after, of an object that is shown, in words.
    func warning(of item: Node) -> String?
}

extension ProxyConfigSubcommand {
    func warning(of item: Node) -> String? { nil }

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        let session = ClusterSession(settings: settings, context: context)
        let pid = try proxy.process(of: session, page: Self.page)
        let answer = try Self.ask(pid, settings)
        let items = (answer["items"]?.items ?? []).filter(accepts)
        if output.output == .text {
            let table = table(of: items, now: context.now())
            if table.isEmpty {
                context.standardError.writeLine("No \(Self.page) found.")
            } else {
                context.standardOutput.write(table.text)
            }
        } else {
            context.standardOutput.write(
                ObjectText.text(.list(of: items, kind: Self.kind), as: output.output)
            )
        }
        context.standardOutput.flush()
        context.warn((answer["warnings"]?.strings ?? []) + items.compactMap(warning))
        return .success
    }

    private static func ask(_ pid: Int32, _ settings: Settings) throws -> Node {
        do throws(ProxyInquiry.Failure) {
            let bytes = try ProxyInquiry.ask(pid, in: settings.storeDirectory, page: page)
            guard let node = try? JSONReader.read(bytes) else {
                throw ProxyInquiry.Failure.broken(reason: "the answer is no JSON")
            }
            return node
        } catch {
            throw CommandError(error, of: pid)
        }
    }
}

extension ProxyArgument {
    /// The proxy that is named, or the only one.
    fileprivate func process(of session: ClusterSession, page: String) throws -> Int32 {
        // Sockets tell of proxies that could not report, too.
        let reported = (try? session.runtime.liveProxies().map(\.process)) ?? []
        let running = (reported + session.silentProxies(besides: reported)).map(\.pid).sorted()
        guard let pid else {
            guard let only = running.first else {
                throw CommandError(
                    "no proxy is running",
                    hint: "canaryctl proxy --detach starts one"
                )
            }
            guard running.count == 1 else {
                throw CommandError(
                    "\(running.count) proxies run: \(running.map(String.init).joined(separator: ", "))",
                    hint: "name one: canaryctl proxy-config \(page) \(only)"
                )
            }
            return only
        }
        guard running.contains(pid) else {
            throw CommandError(
                "no proxy of the store has the process id \(pid)",
                hint: "canaryctl proxy-status lists those that run"
            )
        }
        return pid
    }
}

extension CommandError {
    fileprivate init(_ failure: ProxyInquiry.Failure, of pid: Int32) {
        switch failure {
        case .noSocket:
            self.init("proxy \(pid) has no socket in the store's directory", hint: "its log tells why")
        case .refused(status: 404):
            self.init(
                "proxy \(pid) can't tell: it is of an older version",
                hint: "end it with \"canaryctl down\", and start this version"
            )
        case .refused(let status):
            self.init("proxy \(pid) does not tell: it answers \(status)", hint: nil)
        case .broken(let reason):
            self.init("proxy \(pid) did not answer: \(reason)", hint: nil)
        }
    }
}

extension Node {
    /// A list of objects of one kind of canaryctl's.
    fileprivate static func list(of items: [Node], kind: String) -> Node {
        ObjectText.list(
            items.map { item in
                var entries =
                    Node.mapping([
                        "apiVersion": .string("canaryctl.dev/v1alpha1"), "kind": .string(kind),
                    ]).mapping?.entries ?? []
                // An object's own kind is another thing.
                entries += (item.mapping?.entries ?? []).map { entry in
                    var entry = entry
                    if entry.key == "kind" { entry.key = "listenerKind" }
                    return entry
                }
                return Node(.mapping(Mapping(entries)))
            }
        )
    }

    /// A text for a cell; `-` for none.
    func cell(_ key: String) -> String {
        guard let value = self[key] else { return "-" }
        if let number = value.integer { return String(number) }
        return value.string.flatMap { $0.isEmpty ? nil : $0 } ?? "-"
    }

    /// Whether a field has the value that is asked for, if any is.
    func has(_ wanted: String?, at key: String) -> Bool {
        wanted.map { self[key]?.string == $0 } ?? true
    }

    func has(_ wanted: Int?, at key: String) -> Bool {
        wanted.map { self[key]?.integer == Int64($0) } ?? true
    }
}

extension [String] {
    /// The first, and how many others there are.
    var abridged: String {
        guard let first else { return "-" }
        return count == 1 ? first : "\(first) + \(count - 1) more"
    }
}
