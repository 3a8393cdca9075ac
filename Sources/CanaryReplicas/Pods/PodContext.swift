// SPDX-License-Identifier: Apache-2.0

/// What a pod has of its own, and what it finds where it runs.
package struct PodContext: Sendable {
    package var name: String
    package var namespace: String
    package var uid: String
    package var nodeName: String
    /// Its address, which on one machine is the node's too.
    package var address: String
    /// The pod's own port for each port number of its containers.
    package var ports: [Int: Int]
    /// What the node has to give, by the names of resources: what is not limited is limited by that.
    package var capacity: [String: MilliValue]
    /// The ConfigMaps and Secrets that there are.
    package var config: [ConfigReference: [String: String]]
    /// What every process gets, such as `PATH`: the pod's variables come before it, and none stands for it.
    package var inherited: [String: String]

    package init(
        name: String,
        namespace: String,
        uid: String,
        nodeName: String,
        address: String,
        ports: [Int: Int],
        capacity: [String: MilliValue] = [:],
        config: [ConfigReference: [String: String]] = [:],
        inherited: [String: String] = [:]
    ) {
        self.name = name
        self.namespace = namespace
        self.uid = uid
        self.nodeName = nodeName
        self.address = address
        self.ports = ports
        self.capacity = capacity
        self.config = config
        self.inherited = inherited
    }

    /// Where a probe finds a port of the container; `nil` for a name that it has not.
    package func port(_ reference: PortReference, of container: ContainerSpec) -> Int? {
        switch reference {
        case .number(let number): ports[number] ?? number
        case .name(let name): container.ports.first { $0.name == name }.flatMap { ports[$0.number] }
        }
    }
}
