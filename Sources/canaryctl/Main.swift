// SPDX-License-Identifier: Apache-2.0

import CanaryCLI
import Glibc

@main
struct Main {
    static func main() {
        // A reader that goes away shows as EPIPE, which the streams treat as the end of a job done.
        signal(SIGPIPE, SIG_IGN)
        // A file that may not grow any more shows as EFBIG, as a full disk does.
        signal(SIGXFSZ, SIG_IGN)
        let status = CommandLineRunner.run(Array(CommandLine.arguments.dropFirst()), in: .process())
        exit(status.rawValue)
    }
}
