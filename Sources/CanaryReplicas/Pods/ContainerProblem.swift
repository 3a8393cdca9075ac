// SPDX-License-Identifier: Apache-2.0

/// Why a container cannot be started.
package enum ContainerProblem: Error, Hashable, Sendable {
    /// - Parameter mayRunImages: whether a tool that runs images would be used if there were one.
    case noCommand(container: String, image: String, mayRunImages: Bool)
    case neitherCommandNorImage(container: String)
    case badCommandAnnotation(String)
    case missingConfig(ConfigReference)
    case missingKey(String, in: ConfigReference)
    /// What is too long for a process, in words.
    case tooLong(String)
    case unknownField(String, variable: String)
    case unknownResource(String, variable: String)
    case unknownContainer(String, variable: String)

    /// What `get pods` shows as the pod's status.
    package var reason: String {
        switch self {
        case .noCommand, .neitherCommandNorImage, .badCommandAnnotation: "CreateContainerError"
        default: "CreateContainerConfigError"
        }
    }
}

extension ContainerProblem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noCommand(let container, let image, let mayRunImages):
            """
            container "\(container)" has an image and no command, and \
            \(mayRunImages
                ? "nothing runs images here: install podman or docker, or" : "this node runs no images: let it do so by --runtime podman, or") \
            say what to run instead by the annotation \(CommandAnnotation.one) of the pod template, \
            or by canaryctl images set \(image) -- COMMAND
            """
        case .neitherCommandNorImage(let container):
            "container \"\(container)\" has neither a command nor an image: write one of them"
        case .badCommandAnnotation(let name):
            "the annotation \(name) is no list of words: write [\"COMMAND\", \"ARGUMENT\"], or a line of shell"
        case .missingConfig(let reference): "\(reference) not found"
        case .missingKey(let key, let reference): "couldn't find key \(key) in \(reference)"
        case .tooLong(let subject):
            """
            \(subject) is longer than \(VariableExpansion.longest) bytes, which is the most that a process can be given
            """
        case .unknownField(let path, let variable):
            """
            variable "\(variable)": a pod on one machine has no field "\(path)": \
            name one of \(DownwardAPI.fields.joined(separator: ", "))
            """
        case .unknownResource(let name, let variable):
            """
            variable "\(variable)": "\(name)" is not known: \
            name one of limits.cpu, limits.memory, requests.cpu and requests.memory
            """
        case .unknownContainer(let name, let variable):
            "variable \"\(variable)\": the pod has no container \"\(name)\""
        }
    }
}
