// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources

/// `line:column code severity`, the way tests state findings.
func summary(_ diagnostics: [Diagnostic]) -> [String] {
    diagnostics.sortedForPrinting().map { finding in
        "\(finding.position.line):\(finding.position.column) \(finding.code.canary) \(finding.severity.rawValue)"
    }
}

func read(
    _ text: String,
    namespace: String = "default",
    explicit: Bool = false,
    ignoreUnknown: Bool = false,
    limits: ManifestLimits = .default
) -> ManifestSet {
    ManifestReader(
        defaultNamespace: namespace,
        namespaceIsExplicit: explicit,
        ignoreUnknownKinds: ignoreUnknown,
        limits: limits
    ).read([ManifestSource(name: "a.yaml", text: text)])
}

func parse(_ text: String, limits: ManifestLimits = .default) -> (
    documents: [Node], diagnostics: [Diagnostic]
) {
    var parser = YAMLParser(limits: limits)
    return parser.parse(ManifestSource(name: "a.yaml", text: text))
}

func parse(bytes: [UInt8]) -> (documents: [Node], diagnostics: [Diagnostic]) {
    var parser = YAMLParser()
    return parser.parse(ManifestSource(name: "a.yaml", bytes: bytes))
}
