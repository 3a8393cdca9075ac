// SPDX-License-Identifier: Apache-2.0

import CLinux
import CanarySystem
import Glibc

/// How a process of a container is started.
struct ProcessLaunch {
    let command: [String]
    let environment: [String: String]
    let workingDirectory: String?
    let user: SupervisedContainer.User?
    /// Files `cgroup.procs`, opened for writing.
    let groups: [Int32]
    let output: Int32

    func start() throws(LaunchFailure) -> pid_t {
        let program = try findProgram()
        // All of this is lent to the one call, and freed behind it.
        var words = unsafe command.map { unsafe strdup($0) } + [nil]
        var variables = unsafe environment.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        defer { unsafe (words + variables).forEach { unsafe free($0) } }
        var step = CANARY_LAUNCH_FORK
        var number: Int32 = 0
        let pid = unsafe groups.withUnsafeBufferPointer { groups in
            unsafe program.withCString { program in
                unsafe withOptionalCString(workingDirectory) { directory in
                    unsafe words.withUnsafeMutableBufferPointer { words in
                        unsafe variables.withUnsafeMutableBufferPointer { variables in
                            var launch = unsafe canary_launch(
                                program: program,
                                arguments: words.baseAddress,
                                environment: variables.baseAddress,
                                directory: directory,
                                output: output,
                                groups: groups.baseAddress,
                                group_count: groups.count,
                                changes_user: user != nil,
                                user: user?.user ?? 0,
                                group: user?.group ?? 0
                            )
                            let pid = unsafe canary_start_process(&launch, &step)
                            number = errno
                            return pid
                        }
                    }
                }
            }
        }
        guard pid >= 0 else { throw LaunchFailure(LaunchFailure.Step(step), number) }
        return pid
    }

    /// As a shell looks for it, in the container's `PATH`.
    private func findProgram() throws(LaunchFailure) -> String {
        guard let name = command.first, !name.isEmpty else { throw LaunchFailure(.find, ENOENT) }
        guard !name.contains("/") else { return name }
        let directories = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        for directory in directories {
            let path = "\(directory)/\(name)"
            if unsafe access(path, X_OK) == 0, (try? FileReader.type(of: path).get()) == .file { return path }
        }
        throw LaunchFailure(.find, ENOENT)
    }
}

extension LaunchFailure.Step {
    fileprivate init(_ step: canary_launch_step) {
        switch step {
        case CANARY_LAUNCH_GROUP: self = .joinGroup
        case CANARY_LAUNCH_USER: self = .becomeUser
        case CANARY_LAUNCH_DIRECTORY: self = .changeDirectory
        case CANARY_LAUNCH_EXEC: self = .execute
        default: self = .fork
        }
    }
}

private func withOptionalCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result
{
    guard let text else { return body(nil) }
    return unsafe text.withCString(body)
}
