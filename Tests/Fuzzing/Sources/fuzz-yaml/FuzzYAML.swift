// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources

/// Reads any bytes as manifests, under the limits of the product and under tight ones: no crash, no hang, no more
/// memory than the limits allow, and findings that lie in the text.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzYAML(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    check(read(bytes, .default), count, .default)
    check(read(bytes, tight), count, tight)
    return 0
}

/// Small enough for inputs of a few hundred bytes to pass every one of them.
private let tight = {
    var limits = ManifestLimits()
    limits.bytes = 2048
    limits.documents = 4
    limits.nodes = 64
    limits.depth = 6
    limits.scalarBytes = 64
    limits.aliasBytes = 256
    limits.findings = 5
    return limits
}()

private func read(_ bytes: [UInt8], _ limits: ManifestLimits) -> ManifestSet {
    let reader = ManifestReader(
        defaultNamespace: "default",
        namespaceIsExplicit: true,
        ignoreUnknownKinds: false,
        limits: limits
    )
    return reader.read([ManifestSource(name: "fuzz.yaml", bytes: bytes)])
}

private func check(_ set: ManifestSet, _ count: Int, _ limits: ManifestLimits) {
    precondition(set.resources.count <= limits.documents, "more objects than allowed")
    for finding in set.diagnostics {
        precondition(finding.position.line <= count + 1, "a finding behind the text")
        precondition(finding.position.column <= count + 1, "a finding behind its line")
        precondition(!finding.message.isEmpty, "a finding without words")
    }
    for resource in set.resources {
        precondition(!resource.name.isEmpty, "an object without a name")
        var nodes = 0
        precondition(depth(resource.body, &nodes) <= limits.depth, "deeper than allowed")
    }
}

private func depth(_ node: Node, _ nodes: inout Int) -> Int {
    nodes += 1
    // What aliases repeat is counted by the reader; walking all of it would be the bomb.
    guard nodes < 100_000 else { return 0 }
    switch node.content {
    case .sequence(let items): return items.reduce(0) { max($0, depth($1, &nodes)) } + 1
    case .mapping(let mapping): return mapping.entries.reduce(0) { max($0, depth($1.value, &nodes)) } + 1
    default: return 0
    }
}
