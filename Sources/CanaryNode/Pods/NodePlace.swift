// SPDX-License-Identifier: Apache-2.0

package import CanaryReplicas

/// What pods find where they run: the same for all pods of a node.
package struct NodePlace: Sendable {
    /// This program, by its path: it supervises containers, too.
    package var program: String
    /// Under which each pod has a directory of its own for its logs.
    package var logDirectory: String
    package var groups: ControlGroups
    package var runtime: ContainerRuntime
    /// Tells the store's containers from those of others that a tool keeps.
    package var store: String
    /// What `images set` keeps: the command to run in an image's place.
    package var imageCommands: [String: [String]]

    package init(
        program: String,
        logDirectory: String,
        groups: ControlGroups,
        runtime: ContainerRuntime = .process,
        store: String = ""
    ) {
        self.program = program
        self.logDirectory = logDirectory
        self.groups = groups
        self.runtime = runtime
        self.store = store
        imageCommands = [:]
    }

    func logDirectory(of pod: PodContext) -> String {
        PodLogFiles.directory(logDirectory, pod.namespace, pod.name, uid: pod.uid)
    }

    /// - Parameter run: 0 for the first.
    func log(of container: String, run: Int, in pod: PodContext) -> String {
        PodLogFiles.path(logDirectory(of: pod), container, run: run)
    }
}
