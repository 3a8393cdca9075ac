// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Testing

@testable import CanaryProxy

/// Bodies within TLS, between servers and clients that others wrote.
@Suite(.serialized) struct TLSBodyTests {
    private static var server: Value {
        TLSScene.server(["a.example"], [("mode", "SIMPLE"), ("credentialName", "a")])
    }

    @Test(
        .enabled(if: RealServerTests.Server.node.isInstalled, "node or curl is not installed"),
        arguments: ["--http1.1", "--http2"],
        [16, 1]
    )
    func `node sends back what curl sends`(_ version: String, _ readsInARow: Int) throws {
        try RealServerTests.serve(.node) { port, shell in
            let scene = try TLSScene(
                [("v1", port)],
                configure: { $0.limits.readsInARow = readsInARow },
                servers: [Self.server]
            ) { [TLSScene.secret("a", $0.issue("a", "DNS:a.example"))] }
            _ = try shell.scratch.write(scene.authority.identity.certificate, to: "ca.pem")
            let complaint = try shell.run(
                """
                curl() {
                  command curl -sS \(version) --max-time 50 --cacert ca.pem --resolve a.example:\(scene.port):127.0.0.1 "$@" \
                    https://a.example:\(scene.port)/$size
                }
                for size in 0 1 16383 16384 16385 65536 3145728 16777216; do
                  head -c $size /dev/urandom > files/$size
                  curl -o got || exit 1; cmp got files/$size || exit 1
                  curl -T files/$size -o got || exit 1; cmp got files/$size || exit 1
                  [ $size = 0 ] || { curl -T - -o got < files/$size || exit 1; cmp got files/$size || exit 1; }
                  curl --limit-rate 30M -o got || exit 1; cmp got files/$size || exit 1
                done
                """
            )
            #expect(complaint == "")
        }
    }
}
