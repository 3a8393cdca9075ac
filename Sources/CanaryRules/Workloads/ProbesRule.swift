// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// A probe has no check or several, a number that is too small, or a port that does not exist. `httpGet`, `tcpSocket`,
/// `grpc` and `exec` are checks.
enum ProbesRule: ObjectRule {
    static let code = RuleCode("CAN0413")
    static let kinds: Set<ResourceKind> = [.deployment, .pod]

    static func check(_ object: CheckedObject, _ report: inout RuleReport) {
        for container in object.containers {
            let names = (container["ports"]?.items ?? []).compactMap { $0["name"]?.string }
            for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
                guard let probe = container[key] else { continue }
                checkHandlers(probe, names, &report)
                for number in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "failureThreshold"] {
                    guard let place = probe[number], let value = place.integer, value < 0 else { continue }
                    report.add(at: place, "\(place.label) is below 0", hint: "write 0 or more")
                }
                guard let place = probe["successThreshold"], let value = place.integer else { continue }
                if value < 0 {
                    report.add(at: place, "\(place.label) is below 0", hint: "write 0 or more")
                } else if key != "readinessProbe", value > 1 {
                    report.add(
                        at: place,
                        "\(place.label) of a \(key) must be 1",
                        hint: "write 1, or leave it out"
                    )
                }
            }
        }
    }

    private static func checkHandlers(_ probe: Located, _ names: [String], _ report: inout RuleReport) {
        let handlers = ["httpGet", "tcpSocket", "grpc", "exec"].compactMap { probe[$0] }
        if handlers.count != 1 {
            report.add(
                at: handlers.last ?? probe,
                handlers.isEmpty
                    ? "the probe has no check" : "a probe has one check, and this one has \(handlers.count)",
                hint: "use one of httpGet, tcpSocket, grpc and exec"
            )
        }
        for port in handlers.compactMap({ $0["port"] }) {
            if let number = port.integer, !(1...65535).contains(number) {
                report.add(
                    at: port,
                    "port \(number) is outside 1 to 65535",
                    hint: "write the number of a port, from 1 to 65535"
                )
            } else if let name = port.string, !KubernetesName.isPortName(name) {
                report.add(
                    at: port,
                    "\"\(name)\" is not the name of a container's port",
                    hint: "use at most 15 lower-case letters, digits and \"-\""
                )
            } else if let name = port.string, !names.contains(name) {
                report.add(
                    at: port,
                    "the container has no port \"\(name)\", so that the probe will fail",
                    hint: "name one of the container's ports, or write its number",
                    severity: .warning
                )
            }
        }
    }
}
