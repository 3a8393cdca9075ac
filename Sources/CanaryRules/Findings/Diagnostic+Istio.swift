// SPDX-License-Identifier: Apache-2.0

package import CanaryResources

extension Diagnostic {
    /// The finding as istioctl would rate it: with the level of its Istio code where that is graver. So an implicit subset,
    /// information for canaryctl, is an error for Istio, which would answer 503.
    package var ratedForIstio: Diagnostic {
        var copy = self
        if let code = code.istio, Self.istioErrors.contains(code) {
            copy.severity = .error
        } else if Self.istioSurprises.contains(code.canary) {
            copy.severity = min(severity, .warning)
        }
        return copy
    }

    /// Whether Istio would refuse, or not serve, what canaryctl accepts.
    package var isRefusedByIstio: Bool { severity != .error && ratedForIstio.severity == .error }

    /// Whether the finding is about what canaryctl's proxy can do, and so is none for Istio.
    package var isAboutProxy: Bool { code == NotServedRule.code }

    /// Whether the finding is about the workload of a Gateway, which only Istio has: canaryctl opens every port itself.
    package var isAboutIstiosGateway: Bool {
        [GatewaySelectorUnknownRule.code, GatewayPortClosedRule.code].contains(code)
    }

    /// Codes that are errors for istioctl whatever they are about. IST0106 is not among them: where canaryctl gives it to a
    /// warning, istioctl warns too.
    private static let istioErrors: Set<String> = ["IST0101", "IST0109", "IST0112", "IST0145", "IST0173"]

    /// What works in canaryctl, and is accepted but does not work in Istio.
    private static let istioSurprises: Set<String> = ["CAN1115", "CAN1130"]
}
