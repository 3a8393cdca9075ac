// SPDX-License-Identifier: Apache-2.0

import CanaryInsight
import CanaryResources
import CanarySystem
import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

@Suite struct EnvoySecretFilesTests {
    @Test func `keys are written whole, and readable for their owner alone`() throws {
        let scratch = try ScratchDirectory()
        let key = EnvoyConfiguration.File(
            path: "shop/web/tls.key",
            secret: "shop/web",
            content: KeyMaterial("a key".utf8)
        )
        try EnvoySecretFiles([key]).write(to: scratch.path("keys"), called: "keys")
        let path = scratch.path("keys/shop/web/tls.key")
        #expect(try FileReader.read(path: path).get() == Array("a key".utf8))
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }
}
