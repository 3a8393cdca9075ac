// SPDX-License-Identifier: Apache-2.0

/// Who runs containers that have an image.
package enum ContainerRuntime: Hashable, Sendable {
    /// Nobody: there are processes alone.
    case process
    /// Commands are processes; what has only an image runs under the tool that was found.
    case auto(found: String?)
    /// `podman` or `docker` runs all that has an image.
    case tool(String)
}

/// What is to be executed.
package enum Program: Hashable, Sendable {
    case process([String])
    /// An empty command is the image's own; empty arguments are too, unless there is a command.
    case image(String, command: [String], arguments: [String], tool: String)
}

/// All that is needed to start a container.
package struct ContainerLaunch: Hashable, Sendable {
    package var container: String
    package var program: Program
    package var environment: [String: String]
    /// The machine's port for each of the container's that has a network of its own; `nil` where it shares the machine's.
    package var publishedPorts: [Int: Int]?
    /// `nil` is where the node puts its pods, or what the image says.
    package var workingDirectory: String?
    /// `nil` is the user of the node.
    package var user: Int?
    package var limits: [String: MilliValue]

    /// - Parameter imageCommands: what `images set` keeps: the command to run in an image's place.
    package init(
        _ container: ContainerSpec,
        in pod: PodSpec,
        _ context: PodContext,
        runtime: ContainerRuntime,
        imageCommands: [String: [String]] = [:]
    ) throws(ContainerProblem) {
        let tool = container.tool(of: runtime)
        var own = context
        if tool != nil, !pod.usesHostNetwork {
            // In a network of its own it listens where the image does, and the machine's port leads there.
            let declared = container.ports.map(\.number)
            publishedPorts = context.ports.filter { declared.contains($0.key) }
            own.ports = Dictionary(context.ports.keys.map { ($0, $0) }) { first, _ in first }
        }
        let environment = try ContainerEnvironment(container, in: pod, own)
        self.container = container.name
        program = try Program(container, in: pod, environment, runtime, imageCommands)
        // What the node has, such as PATH, is nothing to an image.
        self.environment =
            tool == nil ? context.inherited.merging(environment.declared) { $1 } : environment.declared
        workingDirectory = container.workingDirectory
        user = container.runAsUser
        limits = container.limits
    }
}

extension ContainerSpec {
    /// What runs it from its image; `nil` for a process.
    package func tool(of runtime: ContainerRuntime) -> String? {
        guard image != nil else { return nil }
        return switch runtime {
        case .process: nil
        case .auto(let found): command.isEmpty ? found : nil
        case .tool(let tool): tool
        }
    }
}

extension Program {
    fileprivate init(
        _ container: ContainerSpec,
        in pod: PodSpec,
        _ environment: ContainerEnvironment,
        _ runtime: ContainerRuntime,
        _ imageCommands: [String: [String]]
    ) throws(ContainerProblem) {
        let command = try environment.expand(container.command, of: container.name)
        let arguments = try environment.expand(container.arguments, of: container.name)
        if let tool = container.tool(of: runtime), let image = container.image {
            self = .image(image, command: command, arguments: arguments, tool: tool)
        } else if !command.isEmpty {
            self = .process(command + arguments)
        } else if let command = try CommandAnnotation.command(of: container.name, in: pod) {
            self = .process(command + arguments)
        } else if let image = container.image {
            guard let command = imageCommands[image] ?? imageCommands[Self.untagged(image)], !command.isEmpty
            else {
                throw .noCommand(container: container.name, image: image, mayRunImages: runtime != .process)
            }
            self = .process(command + arguments)
        } else {
            throw .neitherCommandNorImage(container: container.name)
        }
    }

    /// `registry:5000/app` of `registry:5000/app:1.2@sha256:…`
    private static func untagged(_ image: String) -> String {
        let name = image.prefix { $0 != "@" }
        guard let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") else { return String(name) }
        return String(name[..<colon])
    }
}
