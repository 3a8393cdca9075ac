// SPDX-License-Identifier: Apache-2.0

import CanaryReplicas
import CanarySystem
import CLinux
import Glibc

/// How runs of containers begin.
extension PodRunner {
    func start(_ run: ContainerRun) throws(StartProblem) {
        guard let spec = container(of: run) else { return }
        let launch: ContainerLaunch
        do throws(ContainerProblem) {
            launch = try ContainerLaunch(
                spec,
                in: life.spec,
                context,
                runtime: place.runtime,
                imageCommands: place.imageCommands
            )
        } catch {
            throw StartProblem(reason: error.reason, message: error.description)
        }
        runs[run] = try supervise(launch, run)
    }

    private func supervise(_ launch: ContainerLaunch, _ run: ContainerRun) throws(StartProblem)
        -> SupervisedRun
    {
        keepLogs(of: run)
        let (container, environment) = supervised(launch, run)
        do throws(SystemCallError) {
            return try SupervisedRun(container, program: place.program, environment: environment)
        } catch {
            throw StartProblem(
                reason: "RunContainerError",
                message: "cannot start \(place.program): \(error.reason)"
            )
        }
    }

    private func supervised(_ launch: ContainerLaunch, _ run: ContainerRun) -> (
        SupervisedContainer, environment: [String: String]
    ) {
        let log = log(of: run)
        switch launch.program {
        case .process(let command):
            let limits = ContainerLimits(launch.limits)
            if !place.groups.enforced.contains(.memory) { memoryLimits[run] = limits.memory }
            let groups = place.groups.make("\(context.uid)-\(run.container)-\(run.number)", limits)
            let container = SupervisedContainer(
                command: command,
                log: log,
                workingDirectory: launch.workingDirectory,
                user: launch.user.map(SupervisedContainer.User.init(number:)),
                controlGroups: groups
            )
            return (container, launch.environment)
        case .image(let image, let command, let arguments, let tool):
            let made = ImageContainer(
                launch: launch,
                context: context,
                run: run,
                image: image,
                tool: tool,
                command: command,
                arguments: arguments,
                pullPolicy: self.container(of: run)?.imagePullPolicy,
                store: place.store
            )
            images[run] = made
            let container = SupervisedContainer(
                command: made.creation,
                log: log,
                image: .init(image, name: made.name),
                // podman leaves a file there, which goes with the logs.
                workingDirectory: log.lastIndex(of: "/").map { String(log[..<$0]) }
            )
            return (container, made.environment)
        }
    }

    /// Somebody killed the supervisor of a container that a tool keeps: another one removes it.
    func removeLost(_ run: ContainerRun, _ image: ImageContainer) -> Bool {
        let removal = ToolState.removal(of: [image.name], tool: image.tool)
        let container = SupervisedContainer(
            // What it says is no output of the container.
            command: ["/bin/sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh"] + removal,
            log: log(of: run)
        )
        guard
            let remover = try? SupervisedRun(
                container,
                program: place.program,
                environment: context.inherited
            )
        else { return false }
        runs[run] = remover
        removals.insert(run)
        return true
    }

    private func log(of run: ContainerRun, back: Int = 0) -> String {
        let number = life.containers.first { $0.spec.name == run.container }?.logNumber ?? 0
        return place.log(of: run.container, run: number - back, in: context)
    }

    /// Makes the directory of a run's log. As with kubelet, the log of the run before stays, and older ones go.
    private func keepLogs(of run: ContainerRun) {
        let log = log(of: run)
        if let slash = log.lastIndex(of: "/") { _ = FileWriter.makeDirectory(String(log[..<slash])) }
        let old = self.log(of: run, back: 2)
        unsafe unlink(old)
        unsafe unlink(old + ".1")
    }
}

/// Why a container was not started, as `get pods` and events say it.
struct StartProblem: Error {
    var reason: String
    var message: String
}

extension SupervisedContainer.User {
    /// A user of the system has its own group; any other has the group of the same number.
    fileprivate init(number: Int) {
        let user = UInt32(clamping: number)
        let entry = unsafe getpwuid(user)
        self.init(user: user, group: unsafe entry?.pointee.pw_gid ?? user)
    }
}
