// SPDX-License-Identifier: Apache-2.0

/// How a value is written that is no choice among words, with an example: the hint for whoever wrote none or a wrong one.
struct ValueForm {
    let text: String

    /// - Parameter option: as the parser names it: `--hold <time>`, `--hold`.
    init?(_ option: String) {
        let words = option.split(separator: " ", maxSplits: 1).map(String.init)
        guard
            let text = words.first.flatMap({ Self.ofOption[$0] }) ?? words.last.flatMap({ Self.ofValue[$0] })
        else { return nil }
        self.text = text
    }

    private static let ofOption = [
        "-f": "a file, a directory, or - for standard input",
        "-t": "a file, a directory, or - for standard input",
        "-n": "the name of a namespace, such as default",
        "--namespace": "the name of a namespace, such as default",
        "--store": "a directory",
        "-l": "labels, such as version=v2",
        "--selector": "labels, such as version=v2",
        "--listen": "an address and port, such as 127.0.0.1:15001",
        "--admin": "an address and port, such as 127.0.0.1:15000",
        "--bind": "an IP address, such as 0.0.0.0",
        "--route": "the name or number of a route: canaryctl describe HOST shows them",
        "--reason": "a text in quotes",
        "--workers": "a number from 1 to 1024",
        "--to-revision": "the number of a revision: canaryctl history HOST lists them",
        "--revision": "the number of a revision: canaryctl rollout history deployment/NAME lists them",
        "--steps": "percentages that rise, such as 1,5,25,50,100",
        "--alpha": "a chance above 0 and at most 0.5, such as 0.01",
        "--runs": "a whole number from 1 to 10000, such as 20",
        "--seed": "a whole number, such as 7",
    ]

    private static let ofValue = [
        "<time>": "a time with its unit, such as 500ms, 30s, 5m or 1h30m",
        "<rate>": "requests in a time, such as 100/s, 6000/m or 0.5/s",
        "<percent>": "a percentage from 0 to 100, such as 0.5 or 10%",
        "<shares>": "percentages that rise, such as 1,5,25,50,100",
    ]
}
