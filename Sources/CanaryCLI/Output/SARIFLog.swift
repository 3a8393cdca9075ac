// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Findings as a SARIF 2.1.0 log, which code scanning services read.
enum SARIFLog {
    /// - Parameter failures: what kept files from being checked.
    static func node(_ diagnostics: [Diagnostic], _ failures: [CommandError]) -> Node {
        let codes = Set(diagnostics.map(\.code)).sorted { $0.canary < $1.canary }
        let pages = Dictionary(RulePage.all.map { ($0.code.canary, $0) }) { first, _ in first }
        let driver = Node.mapping([
            "name": .string("canaryctl"),
            "version": .string(Version.text),
            "semanticVersion": .string(Version.text),
            "rules": .sequence(codes.map { rule($0, pages[$0.canary]) }),
        ])
        let run = Node.mapping([
            "tool": .mapping(["driver": driver]),
            "columnKind": .string("unicodeCodePoints"),
            "invocations": .sequence([invocation(failures)]),
            "results": .sequence(diagnostics.map(result)),
        ])
        return .mapping([
            "$schema": .string("https://json.schemastore.org/sarif-2.1.0.json"),
            "version": .string("2.1.0"),
            "runs": .sequence([run]),
        ])
    }

    private static func invocation(_ failures: [CommandError]) -> Node {
        var invocation = Node.mapping(["executionSuccessful": .bool(failures.isEmpty)])
        guard !failures.isEmpty else { return invocation }
        let notifications = failures.map { failure -> Node in
            var notification = Node.mapping([
                "level": .string("error"),
                "message": .mapping(["text": .string(failure.message)]),
            ])
            if let file = failure.file {
                let artifact = Node.mapping(["artifactLocation": .mapping(["uri": .string(uri(file))])])
                notification.set(.sequence([.mapping(["physicalLocation": artifact])]), at: "locations")
            }
            return notification
        }
        invocation.set(.sequence(notifications), at: "toolExecutionNotifications")
        return invocation
    }

    private static func rule(_ code: RuleCode, _ page: RulePage?) -> Node {
        var rule = Node.mapping(["id": .string(code.canary)])
        if let page {
            rule.set(.string("\(page.title)."), at: "shortDescription", "text")
            rule.set(.string(page.paragraphs.joined(separator: "\n\n")), at: "fullDescription", "text")
        }
        rule.set(
            .string("canaryctl help rule \(code.canary) explains \(code.canary)"),
            at: "help",
            "text"
        )
        if let istio = code.istio { rule.set(.string(istio), at: "properties", "istioCode") }
        return rule
    }

    private static func result(_ diagnostic: Diagnostic) -> Node {
        let hint = diagnostic.hint.map { "\nhint: \($0)" } ?? ""
        let object = diagnostic.resource?.description ?? ""
        let path = diagnostic.path.description
        var result = Node.mapping([
            "ruleId": .string(diagnostic.code.canary),
            "level": .string(level(diagnostic.severity)),
            "message": .mapping(["text": .string(diagnostic.message + hint)]),
        ])
        if let location = location(diagnostic) { result.set(.sequence([location]), at: "locations") }
        if diagnostic.resource != nil {
            // Without the line, so that a finding stays the same one when text above it comes or goes.
            let identity = [diagnostic.code.canary, object, path].joined(separator: " ")
            result.set(.string(identity), at: "partialFingerprints", "objectAndField/v1")
        }
        return result
    }

    private static func location(_ diagnostic: Diagnostic) -> Node? {
        var location = Node.mapping([:])
        if let file = diagnostic.file {
            location.set(.string(uri(file)), at: "physicalLocation", "artifactLocation", "uri")
            if diagnostic.position.isKnown {
                let region = Node.mapping([
                    "startLine": .integer(Int64(diagnostic.position.line)),
                    "startColumn": .integer(Int64(diagnostic.position.column)),
                ])
                location.set(region, at: "physicalLocation", "region")
            }
        }
        if let resource = diagnostic.resource {
            let field = diagnostic.path.description
            let name = field.isEmpty ? resource.description : "\(resource.description)/\(field)"
            location.set(.sequence([.mapping(["fullyQualifiedName": .string(name)])]), at: "logicalLocations")
        }
        return location.mapping?.entries.isEmpty == false ? location : nil
    }

    private static func level(_ severity: Severity) -> String {
        switch severity {
        case .error: "error"
        case .warning: "warning"
        case .info: "note"
        }
    }

    /// A path as a relative reference of RFC 3986: what is not unreserved there is written in hexadecimal.
    private static func uri(_ path: String) -> String {
        var text = ""
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                text += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return text
    }
}
