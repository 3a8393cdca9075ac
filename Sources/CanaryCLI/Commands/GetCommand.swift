// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryResources

/// Lists objects.
struct GetCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "List objects",
        discussion: Help.examples(
            ("List the VirtualServices of the namespace", "canaryctl get virtualservices"),
            ("Show one as it was written", "canaryctl get vs/helloworld -o yaml"),
            ("What happened in the last hour, the newest last", "canaryctl get events"),
            ("Show everything with a label, everywhere", "canaryctl get all -A -l app=helloworld"),
            (
                "Columns of your own",
                "canaryctl get deploy -o custom-columns=NAME:.metadata.name,REPLICAS:.spec.replicas"
            )
        )
    )

    @Argument(
        help: ArgumentHelp(
            "A kind and names, KIND/NAME, several kinds with commas, or all",
            valueName: "object"
        ),
        completion: .stored(.objects(all: true))
    )
    var objects: [String] = []

    @Flag(name: [.customShort("A"), .long], help: "Look into all namespaces")
    var allNamespaces = false

    @Option(
        name: .selector,
        help: ArgumentHelp(
            "Only objects with these labels: app=helloworld,version!=v1",
            valueName: "selector"
        )
    )
    var selector: String?

    @Flag(name: .shortAndLong, help: "Go on and print a row for each change, and which it is")
    var watch = false

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("Of events, only those of this object: pod/NAME", valueName: "object"),
        completion: .stored(.objects(all: false))
    )
    var subject: String?

    @Flag(help: "A missing object is no error")
    var ignoreNotFound = false

    @OptionGroup(title: "Output") var output: ObjectOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
        if EventListing.isMeant(by: objects) { return try listEvents(settings, context) }
        guard subject == nil else {
            throw CommandError.wrongUsage(
                "--for goes with events",
                hint: "canaryctl get events --for \(subject ?? "")"
            )
        }
        let query = ObjectQuery(
            selection: try ObjectSelection(objects),
            namespace: allNamespaces ? nil : settings.namespace,
            selector: try selector.map(LabelSelector.init(argument:)),
            ignoresMissing: ignoreNotFound
        )
        let listing = try ObjectListing(
            query: query,
            output: output,
            settings: settings,
            context: context
        )
        let session = ClusterSession(settings: settings, context: context)
        if watch {
            var watch = ObjectWatch(listing, session)
            try watch.run()
        } else {
            try session.read { try listing.print($0) }
        }
        return .success
    }

    private func listEvents(_ settings: Settings, _ context: CommandContext) throws -> ExitStatus {
        guard objects.count == 1, selector == nil else {
            throw CommandError.wrongUsage(
                "events have neither names nor labels",
                hint: "canaryctl get events --for pod/NAME lists those of an object"
            )
        }
        let listing = try EventListing(
            ClusterSession(settings: settings, context: context),
            output,
            namespace: allNamespaces ? nil : settings.namespace,
            subject: subject
        )
        if watch { try listing.watch() } else { try listing.print() }
        return .success
    }
}
