// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryMesh
@testable import CanaryResources

/// Faults, mirrors and CORS policies as they are read, and as delegates inherit them.
struct RouteActionTests {
    private func route(_ entries: Node) -> HTTPRoute { HTTPRoute(entries) }

    @Test func `a fault's percentage is nothing unless given`() {
        let fault = route(["fault": ["delay": ["fixedDelay": "2s"], "abort": ["httpStatus": 503]]]).fault
        #expect(fault?.delay == HTTPFault.Delay(duration: .seconds(2), percentage: .zero))
        #expect(fault?.abort == HTTPFault.Abort(status: .http(503), percentage: .zero))
    }

    @Test func `percentages keep four decimals, and the older whole ones count`() {
        let fault = route([
            "fault": [
                "delay": ["fixedDelay": "1ms", "percent": 7],
                "abort": ["grpcStatus": "UNAVAILABLE", "percentage": ["value": 12.34567]],
            ]
        ]).fault
        #expect(fault?.delay?.percentage == Percentage(millionths: 70_000))
        #expect(fault?.abort?.percentage == Percentage(millionths: 123_456))
        #expect(fault?.abort?.status == .grpc("UNAVAILABLE"))
    }

    @Test func `faults that Istio does not know are left out`() {
        let fault = route([
            "fault": [
                "delay": ["exponentialDelay": "1s", "percentage": ["value": 100]],
                "abort": ["http2Error": "REFUSED", "percentage": ["value": 100]],
            ]
        ]).fault
        #expect(fault?.delay == nil)
        #expect(fault?.abort == nil)
    }

    @Test func `mirrors take every request unless they say less, and those of nothing are off`() {
        let route = route([
            "mirror": ["host": "a", "subset": "v2", "port": ["number": 80]],
            "mirrors": [
                ["destination": ["host": "b"]],
                ["destination": ["host": "c"], "percentage": ["value": 0]],
                ["destination": ["host": "d"], "percentage": ["value": 0.5]],
            ],
        ])
        #expect(route.effectiveMirrors.map(\.destination.host) == ["a", "b", "d"])
        #expect(route.effectiveMirrors.map(\.percentage.description) == ["100", "100", "0.5"])
        #expect(route.mirror == Destination(host: "a", subset: "v2", port: 80))
        #expect(self.route(["mirror": ["host": "a"], "mirrorPercent": 0]).effectiveMirrors.isEmpty)
    }

    @Test func `a CORS policy reads the older exact origins`() {
        let old = CorsPolicy(["allowOrigin": ["https://a.test"], "maxAge": "24h"])
        #expect(old.allowOrigins == [.exact("https://a.test")])
        #expect(old.maxAge == .seconds(86_400))
        #expect(old.allowCredentials == nil)
        let new = CorsPolicy([
            "allowOrigins": [["prefix": "https://"]], "allowMethods": ["GET"], "allowHeaders": ["x-a"],
            "exposeHeaders": ["x-b"], "allowCredentials": true, "unmatchedPreflights": "IGNORE",
        ])
        #expect(new.allowOrigins == [.prefix("https://")])
        #expect(new.allowMethods == ["GET"])
        #expect(new.allowHeaders == ["x-a"])
        #expect(new.exposeHeaders == ["x-b"])
        #expect(new.allowCredentials == true)
        #expect(new.unmatchedPreflights == .ignore)
    }

    @Test func `a delegate's route inherits what it does not say itself`() throws {
        let root = route([
            "fault": ["abort": ["httpStatus": 500, "percentage": ["value": 1]]],
            "mirror": ["host": "shadow"], "mirrorPercentage": ["value": 10],
            "corsPolicy": ["allowMethods": ["GET"]],
        ])
        let inherited = try #require(DelegateMerge.merge(root, route([:])))
        #expect(inherited.fault == root.fault)
        #expect(inherited.effectiveMirrors == root.effectiveMirrors)
        #expect(inherited.corsPolicy == root.corsPolicy)
        let own = route([
            "fault": ["delay": ["fixedDelay": "1s"]], "mirror": ["host": "mine"],
            "corsPolicy": ["allowMethods": ["PUT"]],
        ])
        let merged = try #require(DelegateMerge.merge(root, own))
        #expect(merged.fault == own.fault)
        #expect(merged.corsPolicy == own.corsPolicy)
        #expect(merged.effectiveMirrors.map(\.destination.host) == ["mine"])
        #expect(merged.effectiveMirrors.map(\.percentage.description) == ["10"])
    }
}
