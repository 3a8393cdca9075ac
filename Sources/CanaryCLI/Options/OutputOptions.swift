// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The forms of `-o`.
enum OutputFormat: ExpressibleByArgument {
    case wide
    case name
    case yaml
    case json
    case jsonPath(String)

    init?(argument: String) {
        switch argument {
        case "wide": self = .wide
        case "name": self = .name
        case "yaml": self = .yaml
        case "json": self = .json
        default:
            guard argument.hasPrefix("jsonpath=") else { return nil }
            self = .jsonPath(String(argument.dropFirst("jsonpath=".count)))
        }
    }

    static var allValueStrings: [String] { ["wide", "name", "yaml", "json", "jsonpath="] }
}

/// `-o` of commands that list objects.
struct ObjectOutputOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("wide, name, yaml, json or jsonpath=TEMPLATE", valueName: "format")
    )
    var output: OutputFormat?
}

/// `-o` of commands that store manifests.
enum ChangeFormat: String, ExpressibleByArgument, CaseIterable {
    case name, yaml, json
}

/// `-o` of commands that report.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json, yaml
}

struct ReportOutputOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("The form of the output", valueName: "format"))
    var output = ReportFormat.text
}
