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

    @Flag(help: "A missing object is no error")
    var ignoreNotFound = false

    @OptionGroup(title: "Output") var output: ObjectOutputOptions
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run(in context: CommandContext) throws -> ExitStatus {
        let settings = try Settings(global, context)
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
            var watch = ObjectWatch(listing: listing)
            try watch.run(session)
        } else {
            try session.read { try listing.print($0) }
        }
        return .success
    }
}
