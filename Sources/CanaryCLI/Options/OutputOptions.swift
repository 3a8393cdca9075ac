// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

extension NameSpecification {
    /// `-o json`, `-ojson`, `--output json`.
    static let output: NameSpecification = [.customShort("o"), .long]
    /// `-l`, in front of labels and of selectors.
    static let selector: NameSpecification = [.customShort("l"), .long]
}

/// The forms of `-o`.
enum OutputFormat: ExpressibleByArgument {
    case wide
    case name
    case yaml
    case json
    case jsonPath(String)
    case customColumns(String)

    init?(argument: String) {
        switch argument {
        case "wide": self = .wide
        case "name": self = .name
        case "yaml": self = .yaml
        case "json": self = .json
        default:
            if let template = Self.value(of: argument, "jsonpath=") {
                self = .jsonPath(template)
            } else if let columns = Self.value(of: argument, "custom-columns=") {
                self = .customColumns(columns)
            } else {
                return nil
            }
        }
    }

    private static func value(of argument: String, _ name: String) -> String? {
        argument.hasPrefix(name) ? String(argument.dropFirst(name.count)) : nil
    }

    static var allValueStrings: [String] { ["wide", "name", "yaml", "json", "jsonpath=", "custom-columns="] }
}

/// `-o` of commands that list objects.
struct ObjectOutputOptions: ParsableArguments {
    @Option(
        name: .output,
        help: ArgumentHelp(
            "wide, name, yaml, json, jsonpath=TEMPLATE or custom-columns=TITLE:PATH,...",
            valueName: "format"
        ),
        completion: .list(OutputFormat.allValueStrings)
    )
    var output: OutputFormat?

    @Flag(help: "Print tables without their titles")
    var noHeaders = false

    @Flag(help: "Print the labels in the last column")
    var showLabels = false

    @Option(
        help: ArgumentHelp("Sort the objects by a field: .metadata.creationTimestamp", valueName: "path")
    )
    var sortBy: String?
}

/// `-o` of commands that change objects.
enum ChangeFormat: String, ExpressibleByArgument, CaseIterable {
    case name, yaml, json
}

struct ChangeOutputOptions: ParsableArguments {
    @Option(
        name: .output,
        help: ArgumentHelp(
            "Print the objects, or their names, instead of what happened to each",
            valueName: "format"
        )
    )
    var output: ChangeFormat?
}

/// `-o` of `set-weight`, which changes an object and reports on it.
enum WeightFormat: String, ExpressibleByArgument, CaseIterable {
    case text, name, json, yaml
}

struct WeightOutputOptions: ParsableArguments {
    @Option(name: .output, help: ArgumentHelp("The form of the output", valueName: "format"))
    var output = WeightFormat.text
}

/// `-o` of commands that report.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json, yaml
}

struct ReportOutputOptions: ParsableArguments {
    @Option(name: .output, help: ArgumentHelp("The form of the output", valueName: "format"))
    var output = ReportFormat.text
}
