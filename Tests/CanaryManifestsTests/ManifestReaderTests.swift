// SPDX-License-Identifier: Apache-2.0

import CanaryManifests
import CanaryResources
import Testing

@Suite struct ManifestReaderTests {
    @Test func `objects come in the order of their documents, with their keys and places`() throws {
        let set = read(
            """
            # a comment alone
            ---
            apiVersion: v1
            kind: Service
            metadata:
              name: helloworld
              labels: {app: helloworld}
            spec:
              ports: [{port: 5000, name: http}]
            ---
            ---
            apiVersion: networking.istio.io/v1alpha3
            kind: VirtualService
            metadata:
              name: helloworld
              namespace: shop
              resourceVersion: "7"
            spec:
              hosts: [helloworld]
            """
        )
        #expect(set.diagnostics.isEmpty)
        #expect(
            set.resources.map(\.key.description) == [
                "Service/default/helloworld", "VirtualService/shop/helloworld",
            ]
        )
        #expect(set.resources[0].body.position == Position(line: 3, column: 1))
        #expect(set.resources[0].service?.ports.first?.port == 5000)
        #expect(set.resources[0].body["metadata"]?["namespace"]?.string == "default")
        #expect(set.resources[0].body.position(of: "metadata.labels") == Position(line: 7, column: 3))
        #expect(set.resources[1].metadata.resourceVersion == "7")
        #expect(set.resources[1].body["apiVersion"]?.string == "networking.istio.io/v1alpha3")
        #expect(set.resources[1].file == "a.yaml")
    }

    @Test func `what only the store may write is dropped`() throws {
        let set = read(
            """
            apiVersion: v1
            kind: Service
            metadata:
              name: x
              uid: 12
              creationTimestamp: null
              generation: 3
              managedFields: []
              selfLink: /x
            spec: {}
            status:
              loadBalancer: {}
            """
        )
        let body = try #require(set.resources.first?.body)
        #expect(
            body
                == .mapping([
                    "apiVersion": .string("v1"), "kind": .string("Service"),
                    "metadata": .mapping(["name": .string("x"), "namespace": .string("default")]),
                    "spec": .mapping([:]),
                ])
        )
    }

    @Test func `a cluster-wide object has no namespace`() throws {
        let set = read("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, namespace: x}")
        #expect(set.resources.map(\.key.description) == ["Namespace/shop"])
        #expect(set.resources.first?.body["metadata"]?["namespace"] == nil)
    }

    @Test(arguments: ["List", "ServiceList"])
    func `the items of a list become objects`(kind: String) {
        let set = read(
            """
            apiVersion: v1
            kind: \(kind)
            metadata: {resourceVersion: ""}
            items:
            - apiVersion: v1
              kind: Service
              metadata: {name: a}
            - \(kind == "List" ? "kind: Service\n  apiVersion: v1\n  metadata" : "metadata"): {name: b}
            """
        )
        #expect(set.diagnostics.isEmpty)
        #expect(set.resources.map(\.name) == ["a", "b"])
        #expect(set.resources.map { $0.body["kind"]?.string } == ["Service", "Service"])
        #expect(set.resources.map { $0.body["apiVersion"]?.string } == ["v1", "v1"])
        #expect(set.resources[0].body.position == Position(line: 5, column: 3))
    }

    @Test func `objects in JSON that follow one another are read`() {
        let service = #"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "NAME"}}"#
        let set = read(service.replacing("NAME", with: "a") + "\n" + service.replacing("NAME", with: "b"))
        #expect(set.diagnostics.isEmpty)
        #expect(set.resources.map(\.name) == ["a", "b"])
        #expect(set.resources[1].body.position(of: "metadata.name") == Position(line: 2, column: 54))
    }

    @Test func `a Deployment of a retired version is read as apps and gets its selector`() throws {
        let set = read(
            """
            apiVersion: extensions/v1beta1
            kind: Deployment
            metadata: {name: x}
            spec:
              template:
                metadata: {labels: {app: x, version: v1}}
            """
        )
        #expect(summary(set.diagnostics) == ["1:1 CAN0024 warning"])
        let deployment = try #require(set.resources.first)
        #expect(deployment.body["apiVersion"]?.string == "apps/v1")
        #expect(deployment.deployment?.selector.matchLabels == ["app": "x", "version": "v1"])
    }
}
