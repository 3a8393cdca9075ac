// SPDX-License-Identifier: Apache-2.0

package import CanaryResources
import CanarySystem
import CLinux
import Glibc

/// Where the logs of pods are: below a directory of the store, for each pod `NAMESPACE_POD_UID/CONTAINER/RUN.log`, as kubelet has it.
package enum PodLogFiles {
    /// The log of a container's run.
    package struct Log: Hashable, Sendable {
        package var container: String
        /// The first one has number 0.
        package var run: Int
        fileprivate var directory: String

        package var path: String { PodLogFiles.path(directory, container, run: run) }

        /// That of another run of the same container.
        package func ofRun(_ number: Int) -> Log {
            Log(container: container, run: number, directory: directory)
        }
    }

    static func directory(_ parent: String, _ namespace: String, _ name: String, uid: String) -> String {
        "\(parent)/\(namespace)_\(name)_\(uid)"
    }

    static func path(_ directory: String, _ container: String, run: Int) -> String {
        "\(directory)/\(container)/\(run).log"
    }

    /// The logs of the containers' last runs.
    ///
    /// - Parameter back: how many runs before the last.
    package static func logs(of pod: Resource, in parent: String, back: Int = 0) -> [Log] {
        guard let uid = pod.stored?.uid else { return [] }
        let directory = directory(parent, pod.namespace, pod.name, uid: uid)
        let statuses = ["initContainerStatuses", "containerStatuses"].flatMap {
            pod.body["status"]?[$0]?.items ?? []
        }
        return statuses.compactMap { status in
            guard let name = status["name"]?.string, let restarts = status["restartCount"]?.integer,
                Int(restarts) >= back
            else { return nil }
            return Log(container: name, run: Int(restarts) - back, directory: directory)
        }
    }

    /// Removes the logs of a pod that is gone.
    static func remove(_ directory: String) {
        for container in (try? FileReader.names(in: directory).get()) ?? [] {
            let inner = "\(directory)/\(container)"
            if !FileReader.isLink(inner) {
                for name in (try? FileReader.names(in: inner).get()) ?? [] {
                    unsafe unlink("\(inner)/\(name)")
                }
            }
            unsafe rmdir(inner)
        }
        unsafe rmdir(directory)
    }

    /// Removes the logs of all pods, which an earlier node left.
    package static func clear(_ parent: String) {
        for name in (try? FileReader.names(in: parent).get()) ?? []
        where !FileReader.isLink("\(parent)/\(name)") {
            remove("\(parent)/\(name)")
        }
    }
}
