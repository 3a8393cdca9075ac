// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CanaryMesh
import CanaryResources

/// How proxies check the endpoints of a Service: its annotations, as options.
struct HealthCheckOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Check all endpoints of the Service: http:/PATH, or tcp", valueName: "check")
    )
    var healthCheck: String?

    @Option(help: ArgumentHelp("From the end of a check to the next; 10s", valueName: "time"))
    var healthCheckInterval: String?

    @Option(help: ArgumentHelp("Of one check; 1s", valueName: "time"))
    var healthCheckTimeout: String?

    @Option(help: ArgumentHelp("How many in a row must succeed after a failure; 1", valueName: "n"))
    var healthCheckHealthyThreshold: String?

    @Option(help: ArgumentHelp("How many in a row must fail; 3", valueName: "n"))
    var healthCheckUnhealthyThreshold: String?

    /// In the order in which they are written.
    private var annotations: [(key: String, value: String?)] {
        [
            (HealthCheckPolicy.annotation, healthCheck), (HealthCheckPolicy.interval, healthCheckInterval),
            (HealthCheckPolicy.timeout, healthCheckTimeout),
            (HealthCheckPolicy.healthyThreshold, healthCheckHealthyThreshold),
            (HealthCheckPolicy.unhealthyThreshold, healthCheckUnhealthyThreshold),
        ]
    }

    /// The Service with the annotations that were asked for; `nil` where it has them, or none was.
    func applied(to service: Resource) throws -> Resource? {
        var body = service.body
        for case (let key, let value?) in annotations {
            body.set(.string(value), at: "metadata", "annotations", key)
        }
        guard body != service.body else { return nil }
        let changed = Resource(key: service.key, body: body, stored: service.stored)
        let all = changed.metadata.annotations
        guard all[HealthCheckPolicy.annotation] != nil else {
            throw CommandError.wrongUsage(
                "nothing says how to check the endpoints of service \"\(service.name)\"",
                hint: "add --health-check http:/PATH, or tcp"
            )
        }
        do throws(HealthCheckPolicy.Problem) {
            _ = try HealthCheckPolicy(all)
        } catch {
            throw CommandError.wrongUsage(
                "the endpoints cannot be checked so: \(error.message)",
                hint: "for example: --health-check http:/healthz --health-check-interval 5s"
            )
        }
        return changed
    }
}
