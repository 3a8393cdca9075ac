// SPDX-License-Identifier: Apache-2.0

/// The variables of a container, as Kubernetes' kubelet makes them.
struct ContainerEnvironment {
    /// Of the pod; they stand for `$(NAME)`.
    private(set) var declared: [String: String]

    init(_ container: ContainerSpec, in pod: PodSpec, _ context: PodContext) throws(ContainerProblem) {
        declared = Self.ports(container, in: pod, context)
        declared["HOSTNAME"] = context.name
        for source in container.environmentSources {
            guard let values = context.config[source.reference] else {
                if source.isOptional { continue }
                throw .missingConfig(source.reference)
            }
            for (key, value) in values { declared[source.prefix + key] = value }
        }
        // Each may use those before it.
        for variable in container.environment {
            let value = try value(of: variable, container, in: pod, context)
            if let value { declared[variable.name] = value }
        }
    }

    /// `PORT` is the container's first one; all ports of the pod have names, or go by their numbers: `PORT_HTTP`, `PORT_8080`.
    private static func ports(_ container: ContainerSpec, in pod: PodSpec, _ context: PodContext) -> [String:
        String]
    {
        var variables: [String: String] = [:]
        for port in pod.allContainers.flatMap(\.ports) {
            guard let own = context.ports[port.number] else { continue }
            variables["PORT_\(port.name.map(variableName) ?? "\(port.number)")"] = String(own)
        }
        if let own = container.ports.first.flatMap({ context.ports[$0.number] }) {
            variables["PORT"] = String(own)
        }
        return variables
    }

    private static func variableName(_ port: String) -> String {
        String(port.uppercased().map { $0 == "-" ? "_" : $0 })
    }

    /// `nil` for what is optional and missing.
    private func value(
        of variable: EnvironmentVariable,
        _ container: ContainerSpec,
        in pod: PodSpec,
        _ context: PodContext
    ) throws(ContainerProblem) -> String? {
        switch variable.source {
        case .text(let text): return try expand(text, "variable \"\(variable.name)\"")
        case .key(let reference, let key, let isOptional):
            if let value = context.config[reference]?[key] { return value }
            if isOptional { return nil }
            throw context.config[reference] == nil
                ? .missingConfig(reference) : .missingKey(key, in: reference)
        case .field(let path):
            guard let value = DownwardAPI.field(path, of: pod, context) else {
                throw .unknownField(path, variable: variable.name)
            }
            return value
        case .resource(let path, let name, let divisor):
            let subject = name.map { name in pod.allContainers.first { $0.name == name } } ?? container
            guard let subject else { throw .unknownContainer(name ?? "", variable: variable.name) }
            guard let value = DownwardAPI.resource(path, of: subject, divisor: divisor, context) else {
                throw .unknownResource(path, variable: variable.name)
            }
            return value
        }
    }

    func expand(_ text: String, _ subject: @autoclosure () -> String) throws(ContainerProblem) -> String {
        guard let text = VariableExpansion.expand(text, { declared[$0] }) else { throw .tooLong(subject()) }
        return text
    }

    func expand(_ words: [String], of container: String) throws(ContainerProblem) -> [String] {
        try words.map { word throws(ContainerProblem) in
            try expand(word, "an argument of container \"\(container)\"")
        }
    }
}
