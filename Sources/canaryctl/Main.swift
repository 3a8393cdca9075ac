// SPDX-License-Identifier: Apache-2.0

import CanaryCLI

@main
struct Main {
    static func main() {}
}
