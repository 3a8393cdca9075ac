// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import Glibc

/// podman on this machine, where it can run a container that is made from Debian's `busybox-static`: no image is fetched.
package enum Podman {
    package static let image = "localhost/canaryctl-test:\(getpid())"

    /// The variables by which it works here, as it is set up or as containers without privileges of their own need it; `nil` where it
    /// does not.
    package static let environment: [String: String]? = {
        let path = ["PATH": getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"]
        guard run(["podman", "version"], path) != nil else { return nil }
        let narrow = path.merging(["CONTAINERS_CONF": narrowConfiguration]) { $1 }
        guard importImage(narrow) || importImage(path) else { return nil }
        return [path, narrow].first(where: runs)
    }()

    package static let isThere = environment != nil
    package static let absence = "podman is not there, or cannot run busybox-static here"

    /// Every package of containers says the same.
    private static let narrowConfiguration: String = {
        let path = "/tmp/canaryctl-test-containers-\(getpid()).conf"
        let file = fopen(path, "w")
        fputs(
            """
            [engine]
            runtime = "runc"
            cgroup_manager = "cgroupfs"
            events_logger = "file"
            [containers]
            default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]

            """,
            file
        )
        fclose(file)
        return path
    }()

    /// Asks podman, and returns what it printed; `nil` where it fails.
    @discardableResult
    package static func ask(_ words: String...) -> String? { ask(words) }

    package static func ask(_ words: [String]) -> String? { run(["podman"] + words, environment ?? [:]) }

    private static func run(_ words: [String], _ variables: [String: String]) -> String? {
        let run = CommandRun(
            words,
            environment: variables,
            deadline: Clock.monotonicMilliseconds() + 60_000
        )
        return run.end == .exited(0) ? String(decoding: run.output, as: UTF8.self) : nil
    }

    private static func runs(_ variables: [String: String]) -> Bool {
        run(["podman", "run", "--rm", "--network", "host", image, "true"], variables) != nil
    }

    private static func importImage(_ variables: [String: String]) -> Bool {
        let script = """
            set -e; command -v podman >/dev/null; root=$(mktemp -d); trap 'rm -rf "$root"' EXIT
            mkdir "$root/bin" "$root/tmp"
            for name in $(/bin/busybox --list); do ln -s busybox "$root/bin/$name"; done
            rm "$root/bin/busybox"; cp /bin/busybox "$root/bin/"
            tar -C "$root" -c . | podman import --change 'ENV PATH=/bin' - \(image)
            """
        guard run(["sh", "-c", script], variables) != nil else { return false }
        atexit {
            Podman.ask("rmi", "--force", Podman.image)
            unlink(Podman.narrowConfiguration)
        }
        return true
    }
}
