// SPDX-License-Identifier: Apache-2.0

import CanaryMesh
import CanaryResources

/// What can't be told Envoy exactly: each sentence once, in the order in which they come up. Belongs to one thread.
final class EnvoyWarnings {
    private(set) var texts: [String] = []
    private var said: Set<String> = []

    func add(_ text: String) {
        if said.insert(text).inserted { texts.append(text) }
    }

    func add(_ text: String, about route: EffectiveRoute?) {
        guard let route else { return add(text) }
        let name = route.route.name.isEmpty ? "" : " \"\(route.route.name)\""
        add("\(route.virtualService.key), route \(route.index)\(name): \(text)")
    }
}
