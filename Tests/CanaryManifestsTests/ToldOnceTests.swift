// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import Testing

@testable import CanaryResources
@testable import CanaryRules

/// One mistake is one finding: at no field do two rules say the same.
@Suite struct ToldOnceTests {
    private static let destination = "route: [{destination: {host: web}}]"

    private func findings(_ spec: String, _ others: String = "") -> [String] {
        let text = """
            apiVersion: networking.istio.io/v1
            kind: VirtualService
            metadata: {name: web}
            spec: \(spec)
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: web}
            spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: web, labels: {app: web, version: v1}}
            spec: {containers: [{name: web, image: web}]}
            \(others)
            """
        let reader = ManifestReader(
            defaultNamespace: "default",
            namespaceIsExplicit: false,
            ignoreUnknownKinds: false
        )
        let set = reader.readAndCheck([ManifestSource(name: "a.yaml", text: text)], workers: 1)
        let checker = ReferenceChecker(ClusterSnapshot(set.resources), manifestsOnly: true)
        return (set.diagnostics + set.resources.flatMap(checker.check)).map(\.code.canary).sorted()
    }

    @Test func `a missing Gateway is not also one without the host`() {
        #expect(
            findings("{hosts: [web], gateways: [none], http: [{\(Self.destination)}]}") == [
                "CAN0809", "CAN1125",
            ]
        )
    }

    @Test func `what can be no host is not also unknown`() {
        #expect(findings("{hosts: [web], http: [{route: [{destination: {host: \"a b\"}}]}]}") == ["CAN0216"])
    }

    @Test func `a port of the wrong type is not also missing`() {
        let route = "route: [{destination: {host: web, port: {number: http}}}]"
        #expect(findings("{hosts: [web], http: [{\(route)}]}") == ["CAN0102"])
    }

    @Test func `a route whose match narrows an earlier one is told at the match`() {
        let (first, second) = ("match: [{uri: {prefix: /a}}]", "match: [{uri: {prefix: /a/b}}]")
        let routes = [first, second].map { "{\($0), \(Self.destination)}" }.joined(separator: ", ")
        let spec = "{hosts: [web], http: [\(routes), {\(Self.destination)}]}"
        #expect(findings(spec) == ["CAN0247"])
    }

    @Test func `a subset that the Service's selector leaves out is told once`() {
        let rule = """
            ---
            apiVersion: networking.istio.io/v1
            kind: DestinationRule
            metadata: {name: web}
            spec: {host: web, subsets: [{name: v1, labels: {version: v1}}, {name: x, labels: {app: other}}]}
            """
        let routes =
            "[{destination: {host: web, subset: v1}, weight: 90}, {destination: {host: web, subset: x}, weight: 10}]"
        #expect(findings("{hosts: [web], http: [{route: \(routes)}]}", rule) == ["CAN0814"])
    }
}
