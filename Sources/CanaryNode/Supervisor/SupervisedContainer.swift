// SPDX-License-Identifier: Apache-2.0

/// One run of a container, as its supervisor is told of it on its command line. The container's environment is the supervisor's.
package struct SupervisedContainer: Hashable, Sendable {
    /// The numbers of a user and a group.
    package struct User: Hashable, Sendable {
        package var user: UInt32
        package var group: UInt32

        package init(user: UInt32, group: UInt32) {
            self.user = user
            self.group = group
        }
    }

    /// A container that a tool, such as podman, makes of an image and keeps by a name.
    package struct OfImage: Hashable, Sendable {
        package var image: String
        package var name: String

        package init(_ image: String, name: String) {
            self.image = image
            self.name = name
        }
    }

    /// A program, by its path or to be found in `PATH`, and its arguments. Where there is an image, the tool that makes the container.
    package var command: [String]
    package var image: OfImage?
    /// Where its output goes; the file's directory is there.
    package var log: String
    /// `nil` for the node's own.
    package var workingDirectory: String?
    /// `nil` for the node's own.
    package var user: User?
    /// Directories of control groups that it joins, and that are removed behind it.
    package var controlGroups: [String]

    package init(
        command: [String],
        log: String,
        image: OfImage? = nil,
        workingDirectory: String? = nil,
        user: User? = nil,
        controlGroups: [String] = []
    ) {
        self.command = command
        self.log = log
        self.image = image
        self.workingDirectory = workingDirectory
        self.user = user
        self.controlGroups = controlGroups
    }

    /// The words behind the name of the supervisor's program.
    package var arguments: [String] {
        var words = ["--log", log]
        if let image { words += ["--image", image.image, "--name", image.name] }
        if let workingDirectory { words += ["--directory", workingDirectory] }
        if let user { words += ["--user", "\(user.user):\(user.group)"] }
        for group in controlGroups { words += ["--control-group", group] }
        return words + ["--"] + command
    }

    /// `nil` for words that ``arguments`` does not make.
    package init?(arguments: some Collection<String>) {
        self.init(command: [], log: "")
        var rest = arguments[...]
        while let option = rest.popFirst() {
            if option == "--" {
                command = Array(rest)
                break
            }
            guard let value = rest.popFirst() else { return nil }
            switch option {
            case "--log": log = value
            case "--image": image = OfImage(value, name: "")
            case "--name": image?.name = value
            case "--directory": workingDirectory = value
            case "--control-group": controlGroups.append(value)
            case "--user":
                let numbers = value.split(separator: ":").compactMap { UInt32($0) }
                guard numbers.count == 2 else { return nil }
                user = User(user: numbers[0], group: numbers[1])
            default: return nil
            }
        }
        guard !command.isEmpty, !log.isEmpty else { return nil }
    }
}
