// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources
import CanaryRules

/// Checks whatever objects the bytes describe, writes each as JSON and as YAML, and reads it back as the same one.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzDecoder(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let set = read(bytes)
    for resource in set.resources {
        let findings = RuleCatalog.checkObject(resource)
        precondition(findings.allSatisfy { !$0.message.isEmpty }, "a finding without words")
        checkRoundTrip(resource.body)
    }
    return 0
}

/// Aliases repeat at most a few hundred values: writing them out is not what this is about.
private let limits = {
    var limits = ManifestLimits()
    limits.aliasBytes = 8192
    return limits
}()

private func read(_ bytes: [UInt8]) -> ManifestSet {
    let reader = ManifestReader(
        defaultNamespace: "default",
        namespaceIsExplicit: false,
        ignoreUnknownKinds: true,
        limits: limits
    )
    return reader.read([ManifestSource(name: "fuzz.yaml", bytes: bytes)])
}

private func checkRoundTrip(_ body: Node) {
    // Compared as bytes: Swift's strings count composed and decomposed letters as equal.
    let json = JSONWriter.bytes(body)
    guard let stored = try? JSONReader.read(json) else { preconditionFailure("JSON that cannot be read") }
    precondition(JSONWriter.bytes(stored) == json, "JSON reads back as another value")
    precondition(stored == body, "JSON reads back as another value")
    let pretty = JSONWriter.bytes(body, pretty: true)
    precondition((try? JSONReader.read(pretty)).map { JSONWriter.bytes($0) } == json, "so does indented JSON")

    var parser = YAMLParser()
    let yaml = YAMLWriter.write(body)
    let again = parser.parse(ManifestSource(name: "again.yaml", text: yaml))
    precondition(again.diagnostics.isEmpty, "YAML that cannot be read")
    precondition(again.documents.map { JSONWriter.bytes($0) } == [json], "YAML reads back as another value")
}
