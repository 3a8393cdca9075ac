// SPDX-License-Identifier: Apache-2.0

import CanaryResources
import CanaryRules
import Glibc
import Testing

/// Compares our verdicts with those of Istio's own validation tests. The table is not part of this repository: it is read from
/// `../shared/cases/validation/cases.json` beside the checkout, or from `$CANARYCTL_TEST_CASES/validation/cases.json`.
struct IstioVerdictTests {
    /// Cases where we differ, with the reason.
    private static let exceptions: [String: String] = [
        "TestValidateHTTPDirectResponse/09": "the table holds raw bytes; a manifest holds base64",
        "TestValidateTlsOptions/08": "the CRD takes at most two certificates",
        "TestValidateWildcardDomainForVirtualServiceBoundToGateway/11":
            "the helper refuses addresses, the check of a whole VirtualService takes them",
    ]

    /// What Istio's admission check warns by, reachability and addresses included.
    private static let warningCodes: Set<String> = ["IST0130", "IST0131", "IST0133", "IST0134"]

    private static var path: String {
        if let folder = getenv("CANARYCTL_TEST_CASES") {
            return String(cString: folder) + "/validation/cases.json"
        }
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        return "/\(root)/shared/cases/validation/cases.json"
    }

    @Test(.enabled(if: access(path, R_OK) == 0, "the table of verdicts is not there"))
    func `errors and warnings are found exactly where Istio finds some`() throws {
        let (documents, diagnostics) = parse(try #require(Self.text(Self.path)))
        #expect(diagnostics.isEmpty)
        let cases = try #require(documents.first?["cases"]).items
        var differing: [String] = []
        for item in cases {
            let manifest = try #require(item["manifest"]).repeated
            guard let kind = ResourceKind(rawValue: manifest["kind"]?.string ?? "") else { continue }
            let key = ResourceKey(
                kind,
                namespace: manifest["metadata"]?["namespace"]?.string ?? "default",
                name: manifest["metadata"]?["name"]?.string ?? ""
            )
            let findings = RuleCatalog.checkObject(Resource(key: key, body: manifest))
            let id = item["id"]?.string ?? ""
            guard Self.exceptions[id] == nil else { continue }
            if findings.hasErrors == item["valid"]?.bool { differing.append(id) }
            let warns = findings.contains {
                $0.severity != .error && Self.warningCodes.contains($0.code.istio ?? "")
            }
            // Not every one of Istio's tests says whether it warns.
            if let expected = item["warning"]?.bool, warns != expected { differing.append("\(id) (warning)") }
        }
        #expect(differing == [])
        #expect(cases.count > 300)
    }

    private static func text(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Node {
    /// With each `{"$repeat": [TEXT, COUNT]}` written out.
    fileprivate var repeated: Node {
        if let pair = self["$repeat"]?.items, pair.count == 2, let text = pair[0].string,
            let count = pair[1].integer
        {
            return .string(String(repeating: text, count: Int(count)))
        }
        switch content {
        case .sequence(let items):
            return .sequence(items.map(\.repeated))
        case .mapping(let mapping):
            let entries = mapping.entries.map { Mapping.Entry(key: $0.key, value: $0.value.repeated) }
            return Node(.mapping(Mapping(entries)))
        default:
            return self
        }
    }
}
