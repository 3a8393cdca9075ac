// SPDX-License-Identifier: Apache-2.0

import CanaryTestSupport
import Glibc
import Testing

@testable import CanaryCLI

/// Nodes on machines with other control groups than this one: none at all, none that may be written, those of version 2 alone.
@Suite(.timeLimit(.minutes(5))) struct ControlGroupSituationTests {
    enum Situation: String, CaseIterable {
        case none = "umount -l /sys/fs/cgroup"
        case readOnly =
            "for m in $(awk '$3 ~ /^cgroup/ {print $2}' /proc/self/mounts); do mount -o remount,bind,ro $m; done"
        case onlyVersion2 =
            "for m in $(awk '$3 == \"cgroup\" {print $2}' /proc/self/mounts); do umount -l $m; done"
    }

    @Test(
        .enabled(
            if: FileSystem.canBeMounted && hasPrograms("unshare"),
            "file systems cannot be mounted here"
        ),
        arguments: Situation.allCases
    )
    func podsRunAndNothingOutlivesTheNode(in situation: Situation) throws {
        let scratch = try ScratchDirectory()
        let manifest = try scratch.write(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              replicas: 3
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec:
                  containers:
                  - name: web
                    image: web
                    command: [sh, -c, "setsid sleep 3600 & exec sleep 3600"]
                    resources: {limits: {cpu: 500m, memory: 64Mi}}
            """,
            to: "web.yaml"
        )
        func ready() throws -> Int {
            try Program.run("get", "pods", "--no-headers", in: scratch).output.split(separator: "\n")
                .count { $0.contains(" 1/1 ") && $0.contains(" Running ") }
        }
        let script = "set -e; \(situation.rawValue); exec \"$@\""
        let node = try Program(
            [
                "-m", "sh", "-c", script, "sh", Program.path, "up", "-f", manifest, "--workers", "1",
                "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
            ],
            in: scratch,
            executable: "/usr/bin/unshare"
        )
        #expect(try eventually { try ready() == 3 }, "\(node.errors)")
        try Scene.succeed("scale", "deployment/web", "--replicas", "2", in: scratch)
        #expect(try eventually { try ready() == 2 && NodeProcesses(in: scratch).with("3600").count == 6 })
        node.signal(SIGKILL)
        _ = try node.end()
        #expect(eventually { NodeProcesses(in: scratch).members.isEmpty })
    }
}
