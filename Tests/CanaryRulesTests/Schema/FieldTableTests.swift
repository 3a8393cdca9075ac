// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CanaryResources
@testable import CanaryRules

struct FieldTableTests {
    // Argo's fields are not looked at.
    @Test(arguments: ResourceKind.allCases.filter { $0 != .argoRollout })
    func `each kind has a table with its own fields`(_ kind: ResourceKind) throws {
        let table = FieldTables().table(of: kind)
        for version in kind.versions {
            let root = try #require(table.root(kind, apiVersion: "\(kind.group)/\(version)"))
            #expect(["metadata", "apiVersion", "kind"].allSatisfy { root.field($0) != nil })
        }
    }

    @Test func `every shape that a table uses is known`() {
        let known: Set<String> = [
            "string", "boolean", "number", "int32", "int64", "uint32", "intOrString", "quantity", "time",
            "bytes", "any", "percentage",
        ]
        for text in [KubernetesFields.table, IstioFields.table, CanaryctlFields.table] {
            let lines = text.split(separator: "\n")
            let types = Set(lines.filter { !$0.hasPrefix(" ") && !$0.hasPrefix("@") }.map(String.init))
            for line in lines where line.hasPrefix(" ") && !line.hasPrefix(" ?") {
                let shape = String(line.split(separator: " ")[1].drop { "[]{}".contains($0) })
                #expect(known.contains(shape) || types.contains(shape), "\(line)")
            }
        }
    }

    @Test func `a pod's whole specification is known`() throws {
        let pod = try #require(FieldTables().kubernetes.type(named: "PodSpec"))
        #expect(
            Set(["affinity", "tolerations", "topologySpreadConstraints", "volumes"]).isSubset(
                of: pod.fields.map(\.name)
            )
        )
        #expect(pod.required.map(\.name) == ["containers"])
    }
}
