// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources
import CanaryRules
import Glibc
import Testing

/// Compares our findings with the messages that Istio's own analyzer tests expect. The table and its inputs are not part of
/// this repository: they are read from `../shared/cases/analyzers` beside the checkout, or from
/// `$CANARYCTL_TEST_CASES/analyzers`.
struct IstioAnalyzerTests {
    /// Cases where we differ, with the reason.
    private static let exceptions: [String: String] = [:]

    /// The codes that each analyzer owns.
    private static let codes: [String: Set<String>] = [
        "deprecation.DeprecationAnalyzer": ["IST0002"],
        "deployment.MultiServiceAnalyzer": ["IST0116", "IST0137"],
        "destinationrule.CaCertificateAnalyzer": ["IST0128", "IST0129"],
        "destinationrule.SubsetSelectPodAnalyzer": ["IST0173", "IST0174"],
        "gateway.ConflictingGatewayAnalyzer": ["IST0145", "IST0101"],
        "gateway.IngressGatewayPortAnalyzer": ["IST0101", "IST0162"],
        "service.PortNameAnalyzer": ["IST0118", "IST0150"],
        "serviceentry.Analyzer": ["IST0134"],
        "serviceentry.ConflictingServiceEntryProtocolAnalyzer": ["IST0177"],
        "virtualservice.ConflictingMeshGatewayHostsAnalyzer": ["IST0109"],
        "virtualservice.DestinationHostAnalyzer": ["IST0101", "IST0112", "IST0140"],
        "virtualservice.DestinationRuleAnalyzer": ["IST0101"],
        "virtualservice.GatewayAnalyzer": ["IST0101", "IST0132", "IST0165"],
        "schema.ValidationAnalyzer.VirtualService": ["IST0130", "IST0131"],
    ]
    /// IST0101 has several owners, so that more of it than expected does not count.
    private static let shared = "IST0101"

    private static var folder: String {
        if let folder = getenv("CANARYCTL_TEST_CASES") { return String(cString: folder) + "/analyzers" }
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        return "/\(root)/shared/cases/analyzers"
    }

    @Test(.enabled(if: access(folder + "/cases.json", R_OK) == 0, "the table of messages is not there"))
    func `messages are those that Istio's analyzers give`() throws {
        let (documents, diagnostics) = parse(try text("cases.json"))
        #expect(diagnostics.isEmpty)
        let cases = try #require(documents.first?["cases"]).items
        var compared = 0
        for item in cases where item["meshConfigFile"]?.string == nil {
            let id = item["id"]?.string ?? ""
            let expected = Self.expected(item)
            let owned = try #require(
                Self.codes[item["analyzer"]?.string ?? ""],
                "case \(id) has an unknown analyzer"
            )
            var found = try findings(item).filter { owned.contains($0.code) }
            for message in expected where message.code == Self.shared {
                #expect(found.contains(message), "case \(id) lacks a message")
            }
            found.removeAll { $0.code == Self.shared }
            let others = expected.filter { $0.code != Self.shared }
            compared += 1
            guard Self.exceptions[id] == nil else { continue }
            #expect(found.sorted() == others.sorted(), "case \(id): \(item["name"]?.string ?? "")")
        }
        #expect(compared > 30)
    }

    struct Message: Hashable, Comparable, CustomStringConvertible {
        var code: String
        var level: String
        var object: String

        var description: String { "\(level) \(code) \(object)" }
        static func < (left: Message, right: Message) -> Bool { left.description < right.description }
    }

    private static func expected(_ item: Node) -> [Message] {
        (item["expected"]?.items ?? []).compactMap { row in
            guard let kind = ResourceKind(rawValue: row["kind"]?.string ?? "") else { return nil }
            return Message(
                code: row["code"]?.string ?? "",
                level: row["level"]?.string ?? "",
                object: ResourceKey(
                    kind,
                    namespace: row["namespace"]?.string ?? "default",
                    name: row["name"]?.string ?? ""
                ).description
            )
        }
    }

    private func findings(_ item: Node) throws -> [Message] {
        let sources = try (item["inputFiles"]?.strings ?? []).map { path in
            let name = path.split(separator: "/").last.map(String.init) ?? path
            return ManifestSource(name: name, text: try text("input/" + name))
        }
        let set = ManifestReader(
            defaultNamespace: "default",
            namespaceIsExplicit: false,
            ignoreUnknownKinds: true
        ).read(sources)
        let references = RuleCatalog.checkReferences(
            set.resources,
            in: ClusterSnapshot(set.resources),
            asWarnings: false
        )
        return (set.resources.flatMap(RuleCatalog.checkObject) + references).compactMap { finding in
            guard let code = finding.code.istio else { return nil }
            let rated = finding.ratedForIstio.severity.rawValue
            return Message(
                code: code,
                level: rated.prefix(1).uppercased() + rated.dropFirst(),
                object: finding.resource?.description ?? ""
            )
        }
    }

    private func text(_ path: String) throws -> String {
        let file = try #require(fopen(Self.folder + "/" + path, "r"), "\(path) is missing")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
