// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// Runs istio-config-validator's own examples. They are not part of this repository: they are read from
/// `../shared/cases/routing` beside the checkout, or from `$CANARYCTL_TEST_CASES/routing`.
struct RoutingCaseTests {
    private static var directory: String {
        if let folder = getenv("CANARYCTL_TEST_CASES") { return String(cString: folder) + "/routing" }
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        return "/\(root)/shared/cases/routing"
    }

    @Test(
        .enabled(if: access(directory, R_OK) == 0, "the examples are not there"),
        arguments: [
            ("virtualservice_test.yml", "virtualservice.yml"),
            ("virtualservice_delegate_test.yml", "delegate_virtualservice.yml"),
        ]
    )
    func `istio-config-validator's examples pass`(tests: String, manifests: String) throws {
        let scratch = try ScratchDirectory()
        let world = TestWorld(directory: scratch.path)
        let status = CommandLineRunner.run(
            ["test", "-t", "\(Self.directory)/\(tests)", "-f", "\(Self.directory)/\(manifests)"],
            in: world.context
        )
        #expect(status == .success, "\(world.output)\(world.errors)")
        #expect(world.output.contains("ok  "))
    }
}
