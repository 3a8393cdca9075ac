// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

/// Runs routing tests against the routing table that the proxy uses.
package final class RouteTester {
    private struct Scope: Hashable {
        var namespace: String
        var labels: [String: String]
    }

    private let snapshot: ClusterSnapshot
    private let namespace: String
    private let namespaceIsExplicit: Bool
    private let isForIstio: Bool
    private var explainers: [Scope: RequestExplainer] = [:]

    /// The client's namespace is that of a test, else `namespace`; where that was not asked for, a host that it does not know is
    /// looked for in the namespaces, and behind the gateways, of the VirtualServices that name it as the test does.
    ///
    /// With `isForIstio` a delegate's routes that Istio would drop take no requests. Else a request that only they would take is
    /// judged by the delegate alone, as istio-config-validator does, with a warning.
    package init(snapshot: ClusterSnapshot, namespace: String, namespaceIsExplicit: Bool, isForIstio: Bool) {
        self.snapshot = snapshot.withReachableGateways
        self.namespace = namespace
        self.namespaceIsExplicit = namespaceIsExplicit
        self.isForIstio = isForIstio
    }

    package func run(_ test: RouteTestCase) -> RouteTestResult {
        var results = test.requests.map { request in
            let (explainer, request) = client(of: test, request)
            return judge(test, request, explainer.explain(request))
        }
        compareVersions(test, &results)
        // Passed requests need no reasons, and there may be many of both.
        for index in results.indices where results[index].failures.isEmpty {
            results[index].explanation.skipped = []
        }
        return RouteTestResult(test: test, requests: results)
    }

    // MARK: - Clients

    private func explainer(_ namespace: String, _ labels: [String: String]) -> RequestExplainer {
        let scope = Scope(namespace: namespace, labels: labels)
        if let known = explainers[scope] { return known }
        let explainer = RequestExplainer(snapshot: snapshot, namespace: namespace, sourceLabels: labels)
        explainers[scope] = explainer
        return explainer
    }

    private func client(of test: RouteTestCase, _ request: ExplainedRequest) -> (
        RequestExplainer, ExplainedRequest
    ) {
        var request = request
        let labels = test.client.sourceLabels
        let own = explainer(test.client.namespace ?? namespace, labels)
        if let gateway = test.client.gateway {
            request.gateway = GatewayReference(gateway, namespace: test.client.namespace ?? namespace)
            return (own, request)
        }
        guard test.client.namespace == nil, !namespaceIsExplicit, !own.meshKnows(request) else {
            return (own, request)
        }
        let naming = virtualServices(naming: request.host)
        for resource in naming {
            let other = explainer(resource.namespace, labels)
            if other.meshKnows(request) { return (other, request) }
        }
        for resource in naming {
            for reference in resource.virtualService?.gateways ?? [] {
                guard let gateway = GatewayReference(reference, namespace: resource.namespace),
                    own.serves(gateway)
                else { continue }
                request.gateway = gateway
                return (own, request)
            }
        }
        return (own, request)
    }

    private lazy var virtualServicesByHost: [String: [Resource]] = {
        var found: [String: [Resource]] = [:]
        for resource in snapshot.resources(of: .virtualService) {
            for host in resource.virtualService?.hosts ?? [] {
                found[host.lowercased(), default: []].append(resource)
            }
        }
        return found
    }()

    private func virtualServices(naming host: String) -> [Resource] {
        let host = host.lowercased()
        return HostName.patterns(covering: host).flatMap { virtualServicesByHost[$0] ?? [] }
    }

    // MARK: - Verdicts

    private func judge(_ test: RouteTestCase, _ request: ExplainedRequest, _ explanation: Explanation)
        -> RouteTestResult.Request
    {
        var result = RouteTestResult.Request(request: request, explanation: explanation, failures: [])
        var subject = explanation
        if let lost = explanation.lost.first, !isForIstio, let alone = askAlone(lost.delegate, request) {
            subject = alone
            let others = test.expectations.contains { $0.field != "delegate" }
            if others {
                result.warning = "Istio would drop this route: \(lost.reason); its routes were asked alone"
            }
        }
        let verdict = RouteVerdict(request: request, explanation: subject, whole: explanation)
        guard !test.expectations.isEmpty else {
            if (subject.action != .notFound) != test.wantMatch {
                result.failures = [
                    RouteTestResult.Failure(field: "", position: test.position, message: verdict.routeText)
                ]
            }
            return result
        }
        for expectation in test.expectations where expectation.field != "sameVersion" {
            let (holds, message) = verdict.check(expectation)
            guard holds != test.wantMatch else { continue }
            result.failures.append(
                RouteTestResult.Failure(
                    field: expectation.field,
                    position: expectation.position,
                    message: holds ? verdict.unwanted(expectation) : message
                )
            )
        }
        return result
    }

    /// What a delegate would do with a request if it had the host itself; `nil` without such a VirtualService.
    private func askAlone(_ key: ResourceKey, _ request: ExplainedRequest) -> Explanation? {
        guard let delegate = snapshot.resource(key), delegate.virtualService?.http.isEmpty == false else {
            return nil
        }
        var body = delegate.body
        body.set(.sequence([.string(request.host)]), at: "spec", "hosts")
        var request = request
        request.gateway = nil
        let alone = Resource(key: key, body: body, stored: delegate.stored, file: delegate.file)
        return RequestExplainer(snapshot: ClusterSnapshot([alone]), namespace: key.namespace).explain(request)
    }

    /// Whether all requests of a test go to one version, or to several.
    private func compareVersions(_ test: RouteTestCase, _ results: inout [RouteTestResult.Request]) {
        guard let wanted = test.expectations.first(where: { $0.field == "sameVersion" }), !results.isEmpty
        else { return }
        let versions = results.map { RouteVerdict.certainDestination($0.explanation) }
        let areSame = Set(versions).count == 1 && versions[0] != nil
        guard areSame != (wanted.value.bool == test.wantMatch) else { return }
        let odd = versions.firstIndex { $0 == nil } ?? versions.firstIndex { $0 != versions[0] } ?? 0
        let message: String
        if areSame {
            message = "all requests go to \(versions[0] ?? "")"
        } else if let version = versions[odd] {
            message = "the request goes to \(version), the first one to \(versions[0] ?? "none")"
        } else {
            message = "no single version is sure to get the request"
        }
        results[odd].failures.append(
            RouteTestResult.Failure(field: "sameVersion", position: wanted.position, message: message)
        )
    }
}
