// SPDX-License-Identifier: Apache-2.0

import CanaryResources

/// Annotations of a pod template that say what runs where there is only an image.
package enum CommandAnnotation {
    /// For the pod's only container, or all of them.
    package static let one = "canaryctl.dev/command"

    /// For one container of several: `command.canaryctl.dev/NAME`.
    static func name(for container: String) -> String { "command.canaryctl.dev/\(container)" }

    /// A JSON list of words as they are; any other text is a line of shell, which sees the container's arguments as `$@`.
    static func command(of container: String, in pod: PodSpec) throws(ContainerProblem) -> [String]? {
        for name in [name(for: container), one] {
            guard let text = pod.annotations[name], !text.isEmpty else { continue }
            guard text.first == "[" else { return ["/bin/sh", "-c", text, "sh"] }
            guard let list = try? JSONReader.read(text), list.strings.count == list.items.count,
                !list.items.isEmpty
            else { throw .badCommandAnnotation(name) }
            return list.strings
        }
        return nil
    }
}
