// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryMesh
import CanaryResources
import Testing

@Suite struct HeaderTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var finding: String
        var hint: String?
        var testDescription: String { text }

        init(_ text: String, _ finding: String, _ hint: String?) {
            self.text = text
            self.finding = finding
            self.hint = hint
        }
    }

    private static let notAnObject =
        "begin with \"apiVersion:\", \"kind:\" and \"metadata:\", each on a line of its own"

    @Test(arguments: [
        Case("kind: Service\nmetadata: {name: x}", "1:1 CAN0022 error", #"add "apiVersion: v1""#),
        Case(
            "apiVersion: apps/v1\nmetadata: {name: x}",
            "1:1 CAN0021 error",
            #"add "kind:" with one of Deployment, StatefulSet, DaemonSet and ReplicaSet"#
        ),
        Case(
            "apiVersion: v1\nkind: Deployment\nmetadata: {name: x}",
            "1:1 CAN0023 error",
            #"write "apiVersion: apps/v1""#
        ),
        Case(
            "apiVersion: autoscaling/v3\nkind: HorizontalPodAutoscaler\nmetadata: {name: x}",
            "1:1 CAN0023 error",
            #"write "apiVersion: autoscaling/v2" or "apiVersion: autoscaling/v1""#
        ),
        Case(
            "apiVersion: 1\nkind: Service\nmetadata: {name: x}",
            "1:13 CAN0029 error",
            #"write "apiVersion: v1""#
        ),
        Case(
            "apiVersion: v1\nkind: service\nmetadata: {name: x}",
            "2:1 CAN0025 error",
            #"write "kind: Service""#
        ),
        Case(
            "apiVersion: apps/v1\nkind: Deploymnet\nmetadata: {name: x}",
            "2:1 CAN0025 error",
            #"did you mean "Deployment"?"#
        ),
        Case(
            "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: x}",
            "2:1 CAN0025 error",
            "--ignore-unknown skips such objects; canaryctl knows the Service of v1"
        ),
        Case(
            "apiVersion: v1\nkind: Service\nmetadata:\n  labels: {}",
            "4:3 CAN0027 error",
            #"write "name:" below "metadata:", indented by two spaces"#
        ),
        Case(
            "apiVersion: v1\nkind: Service\nspec: {}",
            "1:1 CAN0027 error",
            #"write "name:" below "metadata:", indented by two spaces"#
        ),
        Case(
            "apiVersion: v1\nkind: Service\nmetadata:\n  generateName: x-",
            "4:3 CAN0028 error",
            #"give the object a name in "metadata.name""#
        ),
        Case(
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: 12",
            "4:9 CAN0029 error",
            "put it in double quotes"
        ),
        Case(
            "apiVersion: v1\nkind: Service\nmetadata: x",
            "3:11 CAN0029 error",
            "put each field of it on a line of its own, indented by two spaces"
        ),
        Case(
            "apiVersion: v1\nkind: Service\nname: x",
            "3:1 CAN0026 error",
            #"write "metadata:" above, and indent "name" by two spaces"#
        ),
        Case("- a\n- b", "1:1 CAN0020 error", notAnObject),
        Case("just text", "1:1 CAN0020 error", notAnObject),
        Case(
            "apiVersion: v1\nkind: List\nitems: {a: b}",
            "3:1 CAN0032 error",
            #"begin every item with "- ""#
        ),
        Case("apiVersion: v1\nkind: List\nitems: [a]", "3:9 CAN0020 error", notAnObject),
    ])
    func `what is wrong with an object's header is said with a way out`(test: Case) {
        let findings = read(test.text).diagnostics
        #expect(summary(findings) == [test.finding])
        #expect(findings.first?.hint == test.hint)
    }

    @Test func `unknown kinds are skipped when asked`() {
        let text = """
            apiVersion: example.com/v1
            kind: Gizmo
            metadata: {name: x}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: z}
            """
        #expect(summary(read(text).diagnostics) == ["2:1 CAN0025 error"])
        let set = read(text, ignoreUnknown: true)
        #expect(summary(set.diagnostics) == ["2:1 CAN0025 warning"])
        #expect(set.resources.map(\.name) == ["z"])
    }

    @Test func `what is skipped is counted by kind, and its labels are those of pods`() {
        let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: x}\n---\n"
        let gizmo = "apiVersion: example.com/v1\nkind: Gizmo\nmetadata: {name: x}\n"
        let labels = "spec: {template: {metadata: {labels: {app: x}}}}\n---\n"
        let text = account + account + gizmo + labels + gizmo + "---\n" + account
        let set = read(text, ignoreUnknown: true)
        #expect(summary(set.diagnostics) == ["2:1 CAN0043 info", "10:1 CAN0025 warning"])
        #expect(
            set.diagnostics.sortedForPrinting().map(\.message) == [
                "skipped 3 objects of the kind ServiceAccount: canaryctl does not act on it",
                "skipped 2 objects of the unknown kind \"Gizmo\"",
            ]
        )
        #expect(set.resources.isEmpty)
        #expect(set.skippedWorkloads.map(\.workloadLabels) == [["app": "x"]])
    }

    @Test func `an object described twice is reported with both places`() {
        let service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n"
        let set = read(service + "---\n" + service)
        #expect(summary(set.diagnostics) == ["9:3 CAN0030 error"])
        #expect(
            set.diagnostics.first?.message
                == "Service/default/x is described twice: first at a.yaml:1:1"
        )
    }

    @Test func `another namespace than the one asked for is refused`() {
        let text = "apiVersion: v1\nkind: Service\nmetadata: {name: x, namespace: shop}"
        #expect(read(text).diagnostics.isEmpty)
        #expect(read(text, namespace: "shop", explicit: true).diagnostics.isEmpty)
        #expect(summary(read(text, namespace: "prod", explicit: true).diagnostics) == ["3:32 CAN0031 error"])
    }
}
